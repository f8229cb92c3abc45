import { parseArgs } from "node:util";
import { tmpdir } from "node:os";
import { peerNames, type PeerName } from "./peer.ts";
import { awsWorks, comparedWorks, doorWorks, ownWorks, workTitles, type Work } from "./works/index.ts";

/** What was asked for on the command line. */
export interface Options {
  readonly works: readonly Work[];
  readonly peers: readonly PeerName[];
  readonly repetitions: number;
  readonly jobs: number;
  /** How long the overload lasts. */
  readonly seconds: number;
  /** Events in the journal and waiting, few and many. */
  readonly sizes: Readonly<Record<"backlog" | "journal", { readonly few: number; readonly many: number }>>;
  readonly json: boolean;
  /** Folder for `<date>.md` and `<date>.json`. */
  readonly out: string | undefined;
  /** Where the stores are; a directory on a real disk. */
  readonly directory: string;
}

/** A command line that cannot be followed. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const works: readonly Work[] = [...comparedWorks, ...ownWorks, ...doorWorks, ...awsWorks];

export const usage = `Usage: npm run bench -- [options]

Measures PulseQueue beside BullMQ, graphile-worker, pg-boss and, on AWS, Powertools, each in fresh processes, the order rotated, and checks after
each run that every effect is there exactly once.

  --only <works>    ${works.join(",")}
  --peers <peers>   ${peerNames.join(",")}
  --reps <n>        repetitions of each measurement (default 3)
  --jobs <n>        jobs of one measurement; the other counts are proportional to it (default 20000)
  --seconds <n>     how long the overload lasts (default 60); the other works over HTTP take 5 s a part at most
  --long            10,000,000 events in the journal instead of 1,000,000
  --dir <folder>    where the stores are, on a real disk (default the system's temporary folder)
  --out <folder>    writes <date>.md and <date>.json there
  --json            prints JSON instead of the tables
  --help            prints this

Works:
${works.map((work) => `  ${work.padEnd(13)} ${workTitles[work]}`).join("\n")}

Exit codes: 0 done, 1 failed, 2 usage, 3 a check after a run failed, 130 interrupted.
`;

/** The options of these arguments, or `"help"`. Throws `UsageError`. */
export function parseOptions(args: readonly string[]): Options | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  const jobs = wholeNumber("--jobs", values.jobs, 100);
  return {
    works: listed("--only", values.only, works),
    peers: listed("--peers", values.peers, peerNames),
    repetitions: wholeNumber("--reps", values.reps, 1),
    jobs,
    seconds: wholeNumber("--seconds", values.seconds, 1),
    sizes: {
      backlog: { few: Math.ceil(jobs / 20_000) * 1_000, many: jobs * 50 },
      journal: { few: Math.ceil(jobs / 20_000) * 1_000, many: jobs * (values.long ? 500 : 50) },
    },
    json: values.json,
    out: values.out,
    directory: values.dir,
  };
}

const flags = {
  only: { type: "string", default: works.join(",") },
  peers: { type: "string", default: peerNames.join(",") },
  reps: { type: "string", default: "3" },
  jobs: { type: "string", default: "20000" },
  seconds: { type: "string", default: "60" },
  long: { type: "boolean", default: false },
  dir: { type: "string", default: tmpdir() },
  out: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

function parse(args: readonly string[]): ReturnType<typeof parseArgs<{ readonly args: string[]; readonly options: typeof flags }>> {
  try {
    return parseArgs({ args: [...args], options: flags });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function listed<Name extends string>(flag: string, value: string, known: readonly Name[]): readonly Name[] {
  const asked = value.split(",");
  const unknown = asked.find((name) => !known.some((other) => other === name));
  if (unknown !== undefined) throw new UsageError(`${flag}: "${unknown}" is none of ${known.join(", ")}`);
  return known.filter((name) => asked.includes(name));
}

function wholeNumber(flag: string, value: string, least: number): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < least) throw new UsageError(`${flag}: "${value}" is not a whole number of at least ${String(least)}`);
  return number;
}
