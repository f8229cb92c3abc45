/**
 * Writes docs/concepts/engines.md: runs the contract on both engines, and tells what passed and what was skipped. With `--check` it
 * writes nothing and exits with 3 where the file is not up to date. Run it by `npm run docs:engines`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { awsLacks } from "pulsequeue/aws";
import { capabilities, contractCases, type Capability } from "pulsequeue/testing";

/** How many cases of an area ended how, on one engine. */
export interface Tally {
  readonly passed: number;
  readonly skipped: number;
}
/** By area. */
export type Tallies = ReadonlyMap<string, Tally>;

/** What is told where every case passes that the engine can run. `lacks`: names of capabilities. */
export function expectedTallies(lacks: readonly string[]): Tallies {
  return tallies((name) => {
    const requires = contractCases.find((contractCase) => contractCase.name === name)?.requires ?? [];
    return requires.some((capability) => lacks.includes(capability)) ? "skipped" : "passed";
  });
}

function tallies(endOf: (name: string) => "passed" | "skipped"): Tallies {
  const found = new Map<string, Tally>();
  for (const { area, name } of contractCases) {
    const { passed, skipped } = found.get(area) ?? { passed: 0, skipped: 0 };
    const isPassed = endOf(name) === "passed";
    found.set(area, { passed: passed + (isPassed ? 1 : 0), skipped: skipped + (isPassed ? 0 : 1) });
  }
  return found;
}

/** The document's text. */
export function enginesDocument(local: Tallies, aws: Tallies): string {
  const cell = ({ passed, skipped }: Tally = { passed: 0, skipped: 0 }): string => `${String(passed)}${skipped === 0 ? "" : `, ${String(skipped)} skipped`}`;
  const sum = (all: Tallies): Tally =>
    [...all.values()].reduce((one, other) => ({ passed: one.passed + other.passed, skipped: one.skipped + other.skipped }), { passed: 0, skipped: 0 });
  const names = Object.keys(awsLacks) as (keyof typeof awsLacks & Capability)[];
  return [
    "# Engines",
    "",
    "Every engine is held to one contract: cases that each prove one promise. This page is written by `npm run docs:engines` from what the suite said when it ran on both engines: the embedded one on a file, and the AWS engine with its real functions on a simulated AWS, wired by what Terraform is given. Numbers are cases that passed. What the engine does while that AWS refuses, repeats, delays and kills is another question, which `npm run simulate:aws` asks with thousands of seeds.",
    "",
    "| Area | Embedded | AWS |",
    "| --- | --- | --- |",
    ...[...local.keys()].map((area) => `| ${area} | ${cell(local.get(area))} | ${cell(aws.get(area))} |`),
    `| all | ${cell(sum(local))} | ${cell(sum(aws))} |`,
    "",
    "## What the AWS engine cannot do",
    "",
    "| Promise | Why it does not hold on AWS | Cases |",
    "| --- | --- | --- |",
    ...names.map((name) => {
      const cases = contractCases.filter(({ requires }) => requires.includes(name)).map((contractCase) => contractCase.name);
      return `| ${capabilities[name]} | ${awsLacks[name]} | ${cases.join("; ")} |`;
    }),
    "",
    "## What reads differently",
    "",
    "- **Positions** grow but have gaps: they are made of the time. Of one process they are in the order of acceptance; of two, in the order of their clocks, and an emitted event stands behind its cause.",
    "- **Which delivery runs** is not written down, since that would cost a write each: SQS tells how many messages of a queue are under way, and the oldest that may run are shown as `running`. Of one that runs alone this is exact.",
    "- **Deliveries without a record** are looked for among the newest 10,000 events of the last 24 hours; counts of handlers among the newest 500, beside what SQS counts. SQS counts approximately.",
    "- **Searches without `from`, `after`, an id or a flow** look at the newest 10,000 events.",
    "- **An event by its id alone** is found where it began a flow, where the id is one that the queue made, or where the app itself or a part of it is the source. One with a chosen id, a source of its own and another correlation id is found by its flow.",
    "- **Sent again together**, events of one key that different partitions of a stream hold may be sent in another order than they had.",
    "- **`idle`** looks once a second, or less often while all that is left waits for another attempt.",
    "- **Pauses** take Lambda up to a minute to follow; what was received by then still runs.",
    "- **Waits** of retries and delays end at whole seconds, never early.",
    "",
  ].join("\n");
}

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly { readonly title: string; readonly status: string }[] }[];
}

/** Runs the contract of one engine, and counts how its cases ended. Throws where one failed. */
function measured(file: string): Tallies {
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-engines-"));
  const output = join(folder, "report.json");
  try {
    execFileSync("npx", ["vitest", "run", file, "--typecheck.enabled=false", "--reporter=json", `--outputFile=${output}`], { stdio: "ignore" });
    const { testResults } = JSON.parse(readFileSync(output, "utf8")) as Report;
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    return tallies((name) => {
      const statuses = results.filter(({ title }) => title === name || title.startsWith(`${name} (`)).map(({ status }) => status);
      if (statuses.length === 0 || statuses.includes("failed")) throw new Error(`${file}: ${name} did not pass`);
      return statuses.includes("passed") ? "passed" : "skipped";
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const document = new URL("../docs/concepts/engines.md", import.meta.url);

if (process.argv[1] === import.meta.filename) {
  const text = enginesDocument(measured("test/contract.local.test.ts"), measured("test/contract.aws.test.ts"));
  if (!process.argv.includes("--check")) writeFileSync(document, text);
  else if (readFileSync(document, "utf8") !== text) {
    process.stderr.write("docs/concepts/engines.md is not up to date: run `npm run docs:engines`\n");
    process.exitCode = 3;
  }
}
