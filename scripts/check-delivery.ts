// Checks what delivery rests on: workflows, lockfiles, the bill of materials, secrets, contacts, owners. Then it plants faults, and each must be
// found: a check that finds nothing may be blind. Last it asks the registry for known vulnerabilities; where there is none to ask, it says so.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { checks, readDelivery } from "./delivery-checks.ts";
import { mutants } from "./delivery-mutants.ts";

let passed = 0;
let failed = 0;

function tell(what: string, problems: readonly string[]): void {
  if (problems.length === 0) passed += 1;
  else failed += 1;
  process.stdout.write(`${problems.length === 0 ? "ok      " : "FAILED  "}${what}\n${problems.map((problem) => `        ${problem}\n`).join("")}`);
}

const delivery = readDelivery(Date.now());
for (const { name, findings } of checks) {
  tell(
    name,
    findings(delivery).map(({ at, problem }) => `${at}: ${problem}`),
  );
}

const alive: string[] = [];
for (const { name, check, plant } of mutants) {
  const found = checks.find((candidate) => candidate.name.startsWith(check));
  const before = found?.findings(delivery) ?? [];
  const after = found?.findings(plant(delivery)) ?? [];
  if (after.length <= before.length) alive.push(`not found: ${name}`);
}
tell(`planted faults: ${String(checks.length)} checks, ${String(mutants.length)} faults, ${String(mutants.length - alive.length)} found`, alive);

const audit = spawnSync("npm", ["audit", "--json", "--package-lock-only", "--audit-level=high"], {
  cwd: fileURLToPath(new URL("../", import.meta.url)),
  encoding: "utf8",
});
const report = JSON.parse(audit.stdout === "" ? "{}" : audit.stdout) as {
  readonly metadata?: { readonly vulnerabilities?: { readonly high: number; readonly critical: number } };
  readonly message?: string;
};
const known = report.metadata?.vulnerabilities;
if (known === undefined) {
  process.stdout.write(`NOT-EVIDENCED  known vulnerabilities: the registry did not answer (${report.message ?? "no network"})\n1 skipped\n`);
} else {
  tell(
    "npm audit knows of nothing high or critical",
    known.high + known.critical === 0 ? [] : [`high: ${String(known.high)}, critical: ${String(known.critical)}`],
  );
}
process.stdout.write(`${String(passed)} passed, ${String(failed)} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
