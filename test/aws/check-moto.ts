// The contract on the AWS engine with DynamoDB in moto's server: functions, queues, bus and schedules are driven in this process on a
// virtual clock, tables and transactions are the server's. Then the command, as a process of its own, on a deployment there. Whatever it and the fake answer differently is a failure of the case.
import process from "node:process";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { contractCases, runContractCase, type ContractCase, type ContractHarness } from "pulsequeue/testing";
import { awsLacks } from "pulsequeue/aws";
import { openOn } from "./life.ts";
import { mirrorOf } from "./mirror.ts";
import { checkCommand } from "./moto-command.ts";
import { withMoto } from "./moto.ts";

/** What of the contract asks most of transactions, conditions and queries. The rest asks for the same again, at some seconds a case. */
const areas: ReadonlySet<string> = new Set([
  "identity",
  "publishMany",
  "commit",
  "conflict",
  "tables",
  "invariants",
  "idempotency key",
  "ledger",
  "keys",
  "nonces",
]);
/** Cases of many deliveries for one row: the server needs minutes for their conflicts. */
const crowded = "lose no change";

/** An area, `all`, or the beginning of a case's name. */
const [, , wanted = ""] = process.argv;
const cases = contractCases.filter(({ name }) => wanted === "all" || name.startsWith(wanted));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function reasonToSkip({ name, area, requires }: ContractCase): string | undefined {
  const lack = requires.find((capability) => capability in awsLacks);
  if (lack !== undefined) return `the AWS engine does not offer ${lack}`;
  if (wanted === "" && name.includes(crowded)) return "its conflicts take the server minutes; `npm run check:moto -- all` has it";
  return wanted !== "" || areas.has(area) ? undefined : "not asked of the server, whose part in it other areas show; `npm run check:moto -- all` does";
}

if (wanted !== "command")
  say("SQS is not asked of the server in these cases: its visibility timeouts need real time, and a case has virtual time; `npm run check:fakes` asks them.");

const counts = await withMoto(async (endpoint) => {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const client = new DynamoDBClient({ endpoint, region: "eu-central-1", credentials, maxAttempts: 1 });
  const mirror = mirrorOf(client);
  const harness: ContractHarness = { open: (app, options) => openOn(app, options, { dynamodb: (fake, clock) => mirror.of(fake, clock) }) };
  const found = { passed: 0, failed: 0, skipped: 0 };
  for (const contractCase of cases) {
    const { name } = contractCase;
    const skip = reasonToSkip(contractCase);
    if (skip !== undefined) {
      found.skipped += 1;
      say(`SKIPPED  ${name}: ${skip}`);
      continue;
    }
    await fetch(`${endpoint}/moto-api/reset`, { method: "POST" });
    const error = await runContractCase(contractCase, harness).then(
      () => undefined,
      (thrown: unknown) => (thrown instanceof Error ? thrown.message : "an error that is none"),
    );
    const problems = [...(error === undefined ? [] : [error]), ...new Set(await mirror.end())];
    found[problems.length === 0 ? "passed" : "failed"] += 1;
    say(`${problems.length === 0 ? "ok      " : "FAILED  "} ${name}${problems.map((problem) => `\n         ${problem}`).join("")}`);
  }
  if (wanted === "" || wanted === "all" || wanted === "command") {
    await fetch(`${endpoint}/moto-api/reset`, { method: "POST" });
    for (const { name, ok, detail } of await checkCommand(endpoint)) {
      found[ok ? "passed" : "failed"] += 1;
      say(`${ok ? "ok      " : "FAILED  "} command: ${name}${ok ? "" : `\n         ${detail}`}`);
    }
  }
  client.destroy();
  return found;
});
if (counts === undefined) {
  say(`SKIPPED  ${String(cases.length)} cases of the contract: moto_server is not on this machine's PATH`);
  say(`${String(cases.length)} skipped`);
}
if (counts !== undefined && counts.skipped > 0) say(`${String(counts.skipped)} skipped`);
say(`${String(counts?.passed ?? 0)} passed, ${String(counts?.failed ?? 0)} failed`);
process.exitCode = (counts?.failed ?? 0) === 0 ? 0 : 1;
