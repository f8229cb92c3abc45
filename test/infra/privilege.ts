/**
 * `npm run check:privilege`: what policies grant is what the engine uses while it keeps the contract on the simulated AWS and while its
 * functions run as they are deployed: nothing is used that is not granted, and nothing granted that is never used.
 */
import { contractCases, runContractCase } from "pulsequeue/testing";
import { awsLacks } from "pulsequeue/aws";
import { openOn } from "../aws/life.ts";
import { askedByAws } from "./asked-by-aws.ts";
import { runDeployedFunctions } from "./deployed-functions.ts";
import { openLedger, verdictOf, witnessOf } from "./least-privilege.ts";

/** How long a case may take, milliseconds: what waits for an answer that never comes is a failure, not the end of the check. */
const longest = 120_000;

const counts = { passed: 0, failed: 0 };
const print = (text: string): void => void process.stdout.write(`${text}\n`);

function count(name: string, problems: readonly string[]): void {
  counts[problems.length === 0 ? "passed" : "failed"] += 1;
  if (problems.length > 0) print(`FAILED ${name}\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
}

async function run(name: string, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error("it did not end"));
    }, longest);
  });
  try {
    await Promise.race([work, late]);
    count(name, []);
  } catch (thrown) {
    count(name, [thrown instanceof Error ? thrown.message : "something that is no error"]);
  } finally {
    clearTimeout(timer);
  }
}

const ledger = openLedger();
for (const contractCase of contractCases) {
  if (contractCase.requires.some((capability) => capability in awsLacks)) continue;
  await run(contractCase.name, runContractCase(contractCase, { open: (app, options) => openOn(app, options, { witness: witnessOf(ledger) }) }));
}
await run("the functions as they are deployed", runDeployedFunctions(witnessOf(ledger)));

const { needed, unused, ungranted, misplaced } = verdictOf(ledger, askedByAws);
count("every grant is used", unused);
count("everything that is used is granted", ungranted.slice(0, 100));
count("what AWS asks for by itself is granted, and the engine does not use it", misplaced);
const used = needed.length - unused.length;
print(`${String(askedByAws.size)} grants are for what AWS asks for by itself`);
// Rounded down: 1.00 is nothing but all of them.
print(`least-privilege score ${(Math.floor((100 * used) / needed.length) / 100).toFixed(2)}: ${String(used)} of ${String(needed.length)} grants used`);
print(`${String(counts.passed)} passed, ${String(counts.failed)} failed`);
// Some cases leave functions behind that wait for ever.
process.exit(counts.failed === 0 ? 0 : 3);
