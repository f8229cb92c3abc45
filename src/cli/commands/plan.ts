import { Command } from "commander";
import { driftOf, permissionText } from "../../synth/index.ts";
import { runs, type Call, type Session } from "../call.ts";
import { exit, usageError, type ExitCode } from "../exit.ts";
import { shown } from "../load/locate.ts";
import { plural } from "../output/text.ts";
import { changesIn, type Action, type PlanChanges } from "../stack/plan-changes.ts";
import { addStackOptions, openStacks, type StackOptions } from "../stack/stack.ts";
import { readPlan, terraformPlan } from "../stack/terraform.ts";

interface PlanOptions extends StackOptions {
  readonly planJson?: string;
  readonly detailedExitcode?: boolean;
}

/** As Terraform's own. */
const changed = 2;
const signs: Readonly<Record<Action, string>> = { create: "+", update: "~", replace: "±", delete: "-" };

export function addPlan(program: Command, session: Session): void {
  const command = addStackOptions(new Command("plan").description("what a deployment would change: permissions beside infrastructure; nothing is applied"))
    .option("--plan-json <file>", "a plan that was made already: what `terraform show -json` printed of it")
    .option("--detailed-exitcode", "exit code 0 where nothing changes, 2 where something does, as Terraform's")
    .addHelpText("after", "\nExit code 3: a synthesized file is not what the app declares. Nothing is planned then.");
  runs<PlanOptions>(command, session, plan);
  program.addCommand(command);
}

async function plan(call: Call<PlanOptions>): Promise<ExitCode> {
  const { planJson, detailedExitcode, env } = call.options;
  if (env === undefined) throw usageError("A plan is of one environment", "Name it with --env.");
  const { stacks } = await openStacks(call);
  const [stack] = stacks;
  if (stack === undefined) throw usageError(`There is no environment ${env}`, "Name one with --env.");
  const drift = driftOf(stack.expected, stack.found);
  if (drift.length > 0) {
    const fix = "run `pulsequeue synth`, look at the change, and commit it; what was edited by hand belongs into the declaration or environment.json";
    call.print.result({ environment: env, refused: "drift", drift, fix }, () =>
      [
        `${shown(stack.folder, call.io.cwd)} is not what the app declares; nothing was planned:`,
        ...drift.map(({ path, problem }) => `  ${problem}: ${path}`),
        `  what to do: ${fix}`,
      ].join("\n"),
    );
    return exit.problem;
  }
  const json = planJson === undefined ? await call.print.progress("planning", () => terraformPlan(stack.folder, call.io)) : readPlan(planJson, call.io.cwd);
  const changes = json === undefined ? undefined : changesIn(json);
  call.print.result({ environment: env, ...(changes ?? { things: null, permissions: null, unknownPolicies: null }) }, () =>
    changes === undefined
      ? `${env}: the synthesized files are current. There is no terraform here to compare them with what is deployed: give a plan with --plan-json.`
      : [...permissionLines(changes), "", ...thingLines(changes)].join("\n"),
  );
  const isChanged = changes !== undefined && changes.things.length > 0;
  return isChanged && detailedExitcode === true ? changed : exit.ok;
}

function permissionLines({ permissions, unknownPolicies }: PlanChanges): readonly string[] {
  const unknown =
    unknownPolicies.length === 0 ? [] : [`  ${plural(unknownPolicies.length, "document")} known only after an apply: ${unknownPolicies.join(", ")}`];
  if (permissions.length === 0) return ["permissions: none changes", ...unknown];
  return [
    `permissions: ${plural(permissions.length, "change")}`,
    ...permissions.map(({ address, change, permission }) => `  ${change === "added" ? "+" : "-"} ${address}: ${permissionText(permission)}`),
    ...unknown,
  ];
}

function thingLines({ things }: PlanChanges): readonly string[] {
  if (things.length === 0) return ["infrastructure: nothing changes"];
  const count = (action: Action): string => `${String(things.filter((thing) => thing.action === action).length)} to ${action}`;
  const lost = things.filter(({ losesData }) => losesData);
  return [
    `infrastructure: ${(["create", "update", "replace", "delete"] as const).map(count).join(", ")}`,
    ...things.map(({ action, address, attributes }) => `  ${signs[action]} ${address}${attributes.length === 0 ? "" : `: ${attributes.join(", ")}`}`),
    ...(lost.length === 0 ? [] : [`data is lost with: ${lost.map(({ address }) => address).join(", ")}`]),
  ];
}
