/** `npm run check:iam`: the evaluator against a naive one on random policies and requests, and faults that both must find. */
import { Command, InvalidArgumentError, Option } from "commander";
import { progressBar } from "../crash/progress.ts";
import { table } from "../crash/report.ts";
import { compare, real } from "./compare.ts";
import { runMutants } from "./mutants.ts";

interface Options {
  readonly cases: number;
  readonly from: number;
  readonly mutants: boolean;
  readonly json: boolean;
}

const exitCodes = { usage: 2, difference: 3, interrupted: 130 } as const;

function whole(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000_000) throw new InvalidArgumentError("It must be a whole number from 1 to 100000000.");
  return value;
}

function readOptions(argv: readonly string[]): Options {
  return new Command("check:iam")
    .description("Compares the evaluator of IAM policies with a naive one that shares nothing with it, on random policies and requests.")
    .addOption(new Option("--cases <n>", "how many cases; with --mutants: how many at most for each fault").default(100_000).argParser(whole))
    .addOption(new Option("--from <n>", "the seed of the first case").default(1).argParser(whole))
    .option("--mutants", "plant faults in a copy of the evaluator, one at a time, and see each found", false)
    .option("--json", "print the result as JSON", false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitCodes.usage))
    .parse(argv, { from: "user" })
    .opts<Options>();
}

const interrupt = new AbortController();
process.on("SIGINT", () => interrupt.abort());
const print = (text: string): void => void process.stdout.write(`${text}\n`);

function comparison({ cases, from, json }: Options): number {
  const bar = progressBar(cases, process.stderr);
  const onCase = (done: number): void => {
    if (done % 200 === 0) bar.show(done, "cases");
  };
  const result = compare(real, { cases, from, onCase, signal: interrupt.signal });
  bar.clear();
  const { decisions, difference } = result;
  const rows = Object.entries(decisions).map(([decision, count]) => [decision, String(count)]);
  print(json ? JSON.stringify(result, undefined, 2) : table([["decision", "cases"], ...rows]));
  if (!json) print(difference === undefined ? `${result.cases} cases, 0 differences` : `seed ${difference.seed}: ${difference.text}`);
  return difference === undefined ? 0 : exitCodes.difference;
}

async function mutants({ cases, from, json }: Options): Promise<number> {
  const bar = progressBar(30, process.stderr);
  const [control, ...results] = await runMutants({ cases, from, onFault: (done, name) => bar.show(done, name) });
  bar.clear();
  const found = results.filter(({ by }) => by !== undefined);
  const rows = results.map(({ name, by }) => [name, by ?? "NOT FOUND"]);
  print(json ? JSON.stringify({ control, results }, undefined, 2) : table([["fault", "found by"], ...rows]));
  if (!json) print(`${found.length} of ${results.length} planted faults found`);
  return control?.by === undefined && found.length === results.length ? 0 : exitCodes.difference;
}

const options = readOptions(process.argv.slice(2));
process.exitCode = await (options.mutants ? mutants(options) : comparison(options));
if (interrupt.signal.aborted) process.exitCode = exitCodes.interrupted;
