/** `npm run check:infra`: Terraform's own checks where it is at hand, and ours on the files, and on the plans where there are some. */
import { parse } from "@cdktn/hcl2json";
import { Command } from "commander";
import { join } from "node:path";
import { accountInfra, infraChecks, openModules, planInfra, runCheck, stackInfra, type Infra } from "../../src/audit/infra/index.ts";
import { projectRoot } from "../support/tree.ts";
import { differences } from "./agree.ts";
import { planMutants, planted } from "./plan-mutants.ts";
import { findTerraform, openWorkspace, writeBundles, type Outcome, type Terraform, type Workspace } from "./terraform.ts";

const folder = join(projectRoot, "infra");
const environments = ["dev", "staging", "prod"];
const counts = { passed: 0, failed: 0, skipped: 0 };
const print = (text: string): void => void process.stdout.write(`${text}\n`);

function record(name: string, problems: readonly string[]): void {
  if (problems.length === 0) counts.passed += 1;
  else counts.failed += 1;
  if (problems.length > 0) print([`FAILED ${name}`, ...problems.slice(0, 10).map((problem) => `  ${problem}`)].join("\n"));
}

function recordOutcome(name: string, { ok, output }: Outcome): void {
  record(name, ok ? [] : output.trim().split("\n").slice(-20));
}

type Kind = "stack" | "account";

function check(kind: Kind, infra: Infra): void {
  let undecided = 0;
  for (const each of infraChecks.values()) {
    if (each.of !== kind && each.of !== "both") continue;
    const { answer } = runCheck(each, infra);
    undecided += answer.undecided;
    record(
      `${each.id} of ${kind} ${infra.name}, ${infra.source}`,
      answer.findings.map(({ address, problem }) => `${address}: ${problem}`),
    );
  }
  print(
    `${kind} ${infra.name}, from ${infra.source}: ${String(infra.resources.length)} resources${undecided === 0 ? "" : `, ${String(undecided)} answers only files have`}`,
  );
}

/** Two at a time: each starts the provider, which is large. */
async function pairwise<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all([worker(), worker()]);
}

async function checkModule(workspace: Workspace, module: string): Promise<void> {
  const at = `modules/${module}`;
  const opened = await workspace.init(at);
  recordOutcome(`validate ${module}`, opened.ok ? await workspace.run(at, "validate") : opened);
  const tested = opened.ok ? await workspace.run(at, "test") : opened;
  recordOutcome(`test ${module}`, tested);
  // Its last line is a sentence: "Success! 4 passed, 0 failed."
  print(`module ${module}: ${tested.output.trim().split("\n").at(-1) ?? ""}`);
}

async function checkPlans(terraform: Terraform, files: Readonly<Record<Kind, ReadonlyMap<string, Infra>>>): Promise<void> {
  const workspace = openWorkspace(folder, terraform);
  try {
    recordOutcome("format", await workspace.run("", "fmt", "-check", "-recursive"));
    await pairwise(workspace.modules, (module) => checkModule(workspace, module));
    const bundles = join(workspace.folder, "bundles");
    for (const name of environments) {
      writeBundles(join(folder, "stacks", name), bundles);
      const roots = [
        ["stack", `stacks/${name}`, [`-var=bundles=${bundles}`]],
        ["account", "account", [`-var-file=${name}.tfvars`]],
      ] as const;
      for (const [kind, at, args] of roots) {
        const planned = await workspace.plan(at, ...args);
        if (!("plan" in planned)) {
          recordOutcome(`plan of ${kind} ${name}`, planned);
          continue;
        }
        recordOutcome(`validate ${kind} ${name}`, await workspace.run(at, "validate"));
        const infra = planInfra(name, planned.plan);
        check(kind, infra);
        const read = files[kind].get(name);
        record(`files and plan of ${kind} ${name} agree`, read === undefined ? ["not read"] : differences(read, infra));
        if (name === "prod")
          for (const mutant of planMutants[kind]) record(`mutant ${mutant.check}: ${mutant.name}`, isFound(mutant, name, planned.plan) ? [] : ["not found"]);
      }
    }
  } finally {
    workspace.remove();
  }
}

function isFound(mutant: (typeof planMutants)[Kind][number], name: string, plan: unknown): boolean {
  const which = infraChecks.get(mutant.check);
  return which !== undefined && runCheck(which, planInfra(name, planted(plan, mutant))).status === "fail";
}

const options = new Command("check:infra")
  .description("Checks the infrastructure: by Terraform where it is at hand, and by the project's own checks on files and plans.")
  .option("--without-terraform", "as on a machine that has none", false)
  .parse()
  .opts<{ readonly withoutTerraform: boolean }>();

const modules = await openModules(folder, parse);
const files = {
  stack: new Map(environments.map((name) => [name, stackInfra(modules, folder, name)])),
  account: new Map(environments.map((name) => [name, accountInfra(modules, folder, name)])),
};
for (const kind of ["stack", "account"] as const) for (const infra of files[kind].values()) check(kind, infra);
const keys = [...files.stack.values(), ...files.account.values()].map(({ backend }) => JSON.stringify([backend?.["bucket"], backend?.["key"]]));
record("each state has a key of its own", new Set(keys).size === keys.length ? [] : ["two root modules have one state"]);

const found = options.withoutTerraform ? "left out, as asked" : findTerraform();
if (typeof found === "string") {
  // Format, validate and test of each module, and six plans with what is asked of them.
  counts.skipped = 1 + 2 * new Set(infraModules()).size + 6;
  print(
    `Terraform: ${found}. Skipped: format, the tests of the modules, and the plans of ${String(environments.length)} stacks and accounts; their files were checked.`,
  );
} else {
  print(`Terraform ${found.version}`);
  await checkPlans(found, files);
}
if (counts.skipped > 0) print(`${String(counts.skipped)} skipped`);
print(`${String(counts.passed)} passed, ${String(counts.failed)} failed`);
process.exitCode = counts.failed === 0 ? 0 : 3;

function infraModules(): readonly string[] {
  const addresses = [...files.stack.values(), ...files.account.values()].flatMap(({ resources }) => resources.map(({ address }) => address));
  return addresses.flatMap((address) => [...address.matchAll(/module\.(\w+)/g)].map(([, name]) => name ?? ""));
}
