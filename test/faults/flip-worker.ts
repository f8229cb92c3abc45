/**
 * Flips bits of a file, one in each copy, and counts what becomes of it.
 * Usage: flip-worker.js <folder> <original> <seed> <flips>; prints one line of JSON.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "../../src/testing/random.ts";
import { judge, readOriginal, type Verdict } from "./judge.ts";

const [folder = "", path = "", seed = "0", flips = "0"] = process.argv.slice(2);
const original = await readOriginal(path, join(folder, `original-${seed}.db`));
const bytes = readFileSync(path);
const random = seededRandom(Number(seed));
const counts: Partial<Record<Verdict | "unexpected error", number>> = {};
const places: string[] = [];
for (let flip = 0; flip < Number(flips); flip += 1) {
  const damaged = Buffer.from(bytes);
  const [position, bit] = [random.below(damaged.length), random.below(8)];
  damaged.writeUInt8(damaged.readUInt8(position) ^ (1 << bit), position);
  const verdict = await judge(original, join(folder, `flipped-${seed}.db`), damaged).catch((error: unknown) => {
    places.push(`byte ${String(position)}, bit ${String(bit)}: ${String(error)}`);
    return "unexpected error" as const;
  });
  if (verdict === "silent") places.push(`byte ${String(position)}, bit ${String(bit)}: served in silence`);
  counts[verdict] = (counts[verdict] ?? 0) + 1;
}
process.stdout.write(`${JSON.stringify({ counts, places })}\n`);
