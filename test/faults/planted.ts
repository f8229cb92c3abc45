/** Faults planted in a copy of the engine, one at a time: the checks of this folder are worth what they find of these. */
import type { Replacement } from "../crash/build.ts";

export interface PlantedFault {
  readonly name: string;
  /** What must find it: calls that fail, or flipped bits. */
  readonly by: { readonly fault: string; readonly first: number; readonly last: number } | "flips";
  readonly replacements: readonly Replacement[];
}

const local = (name: string): string => `src/engines/local/${name}`;

export const plantedFaults: readonly PlantedFault[] = [
  {
    name: "a failed sync does not stop the engine",
    by: { fault: "a sync fails", first: 9, last: 11 },
    replacements: [{ file: local("committer.ts"), find: "} else if (isFatal(error)) die(error, group);", replace: "}" }],
  },
  {
    name: "SQLite copies the log by itself",
    by: { fault: "a sync of the file fails", first: 1, last: 3 },
    replacements: [{ file: local("database.ts"), find: "wal_autocheckpoint = 0", replace: "wal_autocheckpoint = 1024" }],
  },
  {
    name: "a full disk stops the engine",
    by: { fault: "the disk is full for one write", first: 10, last: 11 },
    replacements: [
      {
        file: local("failure.ts"),
        find: 'return error.code === "STORE_FAILED" ||',
        replace: 'return error.code === "STORE_FULL" || error.code === "STORE_FAILED" ||',
      },
    ],
  },
  {
    name: "rows are not compared with their checksums",
    by: "flips",
    replacements: [
      { file: local("checksum.ts"), find: "if (checksum(...values) !== sum) throw", replace: "if (values.length < 0) throw" },
      { file: local("verify.ts"), find: "if (checksum(...values) !== row.at(-1)) report", replace: "if (values.length < 0) report" },
    ],
  },
  {
    name: "events are not compared with their hashes",
    by: "flips",
    replacements: [{ file: local("journal.ts"), find: "due, data) !== hash) {", replace: "due, data) === undefined) {" }],
  },
];
