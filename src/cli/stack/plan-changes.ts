/** What a plan of Terraform changes: things, and permissions. */
import { PulseQueueError } from "../../core/errors.ts";
import { permissionChanges, type PermissionChange, type Policy } from "../../synth/index.ts";

export type Action = "create" | "update" | "replace" | "delete";

export interface ThingChange {
  readonly action: Action;
  readonly address: string;
  /** Attributes that get another value; of a thing that is updated or replaced. */
  readonly attributes: readonly string[];
  /** Whether data goes with it. */
  readonly losesData: boolean;
}

export interface PlanChanges {
  readonly things: readonly ThingChange[];
  readonly permissions: readonly (PermissionChange & { readonly address: string })[];
  /** Policies of which only an apply tells the text, since they name what is made first. */
  readonly unknownPolicies: readonly string[];
}

interface ResourceChange {
  readonly address: string;
  readonly type: string;
  readonly mode: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: Readonly<Record<string, unknown>> | null;
    readonly after: Readonly<Record<string, unknown>> | null;
    readonly after_unknown: Readonly<Record<string, unknown>>;
  };
}

const keepers = new Set(
  ["cloudwatch_event_archive", "cloudwatch_log_group", "backup_vault", "dynamodb_table", "kms_key", "s3_bucket", "secretsmanager_secret", "sqs_queue"].map(
    (name) => `aws_${name}`,
  ),
);
const policyAttributes = ["policy", "assume_role_policy", "policy_document"];

/** `plan`: what `terraform show -json` prints. Throws `DEPLOYMENT_INVALID` for what is no plan. */
export function changesIn(plan: unknown): PlanChanges {
  if (typeof plan !== "object" || plan === null || !("planned_values" in plan))
    throw new PulseQueueError("DEPLOYMENT_INVALID", "The file is no plan: write it with `terraform show -json <saved plan>`");
  const all = ("resource_changes" in plan ? plan.resource_changes : []) as readonly ResourceChange[];
  const changes = all.filter(({ mode, change }) => mode === "managed" && actionOf(change.actions) !== undefined);
  const policies = changes.flatMap(({ address, change }) =>
    policyAttributes
      .filter((name) => textAt(change.before, name) !== textAt(change.after, name) || change.after_unknown[name] === true)
      .map((name) => ({ address, before: textAt(change.before, name), after: textAt(change.after, name), isUnknown: change.after_unknown[name] === true })),
  );
  return {
    things: changes.flatMap((resource) => thingChange(resource) ?? []),
    permissions: policies
      .filter(({ isUnknown }) => !isUnknown)
      .flatMap(({ address, before, after }) =>
        permissionChanges(policyOf(before), policyOf(after)).map((change) => ({ address: shortened(address), ...change })),
      ),
    unknownPolicies: policies.filter(({ isUnknown }) => isUnknown).map(({ address }) => shortened(address)),
  };
}

function thingChange({ address, type, change }: ResourceChange): ThingChange | undefined {
  const action = actionOf(change.actions);
  if (action === undefined) return undefined;
  const { before, after, after_unknown: unknown } = change;
  const names = action === "update" || action === "replace" ? Object.keys({ ...before, ...after }) : [];
  const attributes = names.filter((name) => unknown[name] === true || JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name])).sort();
  return { action, address: shortened(address), attributes, losesData: keepers.has(type) && (action === "delete" || action === "replace") };
}

function actionOf(actions: readonly string[]): Action | undefined {
  if (actions.includes("create")) return actions.includes("delete") ? "replace" : "create";
  return actions.includes("update") ? "update" : actions.includes("delete") ? "delete" : undefined;
}

function textAt(values: Readonly<Record<string, unknown>> | null, name: string): string | undefined {
  const value = values?.[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** AWS keeps one value where a list of one was written. */
function policyOf(text: string | undefined): Policy | undefined {
  if (text === undefined) return undefined;
  const { Statement } = JSON.parse(text) as { readonly Statement: Policy["Statement"] | Policy["Statement"][number] };
  const statements = [Statement].flat() as Policy["Statement"];
  return {
    Version: "2012-10-17",
    Statement: statements.map((statement) => ({
      ...statement,
      Action: [statement.Action].flat(),
      ...(statement.Resource === undefined ? {} : { Resource: [statement.Resource].flat() }),
    })),
  };
}

/** Every address of a stack begins with the same module. */
function shortened(address: string): string {
  return address.replace(/^module\.deployment\./, "");
}
