/** `npm run privilege`: runs the contract on the simulated AWS and prints what roles may do and never did, and what was asked for and is not granted. */
import { contractCases, runContractCase } from "pulsequeue/testing";
import { awsLacks } from "pulsequeue/aws";
import { openOn } from "../aws/life.ts";
import { openLedger, witnessOf } from "./least-privilege.ts";

/** What AWS itself asks for in a role's name, and what it asks of other services for a request. */
const byAws = /^(?:\w+ (?:UseKey|WriteLogs) |\w+ \w+ sqs:GetQueueAttributes$|relay FindStreams )/;

const ledger = openLedger();
let failed = 0;
for (const contractCase of contractCases) {
  if (contractCase.requires.some((capability) => capability in awsLacks)) continue;
  // Whether the contract holds is another test's question.
  await runContractCase(contractCase, { open: (app, options) => openOn(app, options, { witness: witnessOf(ledger) }) }).catch(() => (failed += 1));
}
const granted = [...ledger.granted].filter((grant) => !byAws.test(grant));
const unused = granted.filter((grant) => !ledger.used.has(grant)).sort();
const print = (text: string): void => void process.stdout.write(`${text}\n`);
print(`granted and never used:\n${unused.map((grant) => `  ${grant}`).join("\n")}`);
print(
  `used and not granted:\n${[...new Set([...ledger.denied].map((line) => line.replaceAll(/#[\w…-]{20,}/g, "#…")))]
    .sort()
    .map((line) => `  ${line}`)
    .join("\n")}`,
);
print(`${String(failed)} cases of the contract did not end well`);
print(
  `least-privilege score ${(1 - unused.length / granted.length).toFixed(2)}: ${String(granted.length - unused.length)} of ${String(granted.length)} grants used`,
);
