/**
 * How long functions take to start under AWS's runtime client: from the start of the process until it asks for its first event.
 * `start-times.ts <folder> <times>` prints, for each zip of the folder, its times in milliseconds as JSON; they take turns.
 */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { unzipSync } from "fflate";
import { startFunction } from "./runtime-api.ts";
import { runtimeClient } from "./runtime-client.ts";

const [folder = ".", times = "1"] = process.argv.slice(2);
const client = runtimeClient();
const place = mkdtempSync(join(tmpdir(), "pulsequeue-starts-"));
const env = { PULSEQUEUE_ENVIRONMENT: "bench", PULSEQUEUE_ACCOUNT: "123456789012" };
const names = readdirSync(folder).map((file) => basename(file, ".zip"));
for (const name of names) {
  mkdirSync(join(place, name));
  for (const [file, bytes] of Object.entries(unzipSync(readFileSync(join(folder, `${name}.zip`))))) writeFileSync(join(place, name, file), bytes);
}
try {
  const took = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let turn = -1; turn < Number(times); turn += 1) {
    for (const name of names) {
      const begun = performance.now();
      const one = await startFunction({ client, folder: join(place, name), name, env });
      const { end } = await one.started;
      const milliseconds = performance.now() - begun;
      const output = one.output();
      await one.stop();
      if (end !== "ready") throw new Error(`${name} did not start: ${output.slice(0, 1_000)}`);
      if (turn >= 0) took.get(name)?.push(milliseconds); // the first turn reads the files from the disk
    }
  }
  process.stdout.write(`${JSON.stringify(Object.fromEntries(took))}\n`);
} finally {
  rmSync(place, { recursive: true, force: true });
}
