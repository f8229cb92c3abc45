/** What a policy says that it should not, though it is valid: too wide, without effect, or open to a confused deputy. */
import { rootAccount } from "./arn.ts";
import { cataloguedActions, supportsKey, type CataloguedAction } from "./catalogue.ts";
import { fits, globOf, globsMeet, variablesOf } from "./pattern.ts";
import type { Condition, Policy, Statement } from "./types.ts";

export type LintRule =
  | "wildcard-action"
  | "wildcard-resource"
  | "missing-null-check"
  | "unsupported-key"
  | "resource-mismatch"
  | "confused-deputy"
  | "open-principal"
  | "variable-in-deny"
  | "secure-transport";

export interface LintProblem {
  readonly rule: LintRule;
  readonly policy: string;
  /** From 0; `undefined` where the policy as a whole lacks something. */
  readonly statement: number | undefined;
  readonly text: string;
}

export interface LintOptions {
  /** Whether the policy must deny requests without TLS: that of a queue, a bucket or a bus. @default false */
  readonly secureTransport?: boolean;
}

type Finding = readonly [LintRule, string];

/** The problems of a policy, in the order of its statements. */
export function lintPolicy(policy: Policy, { secureTransport = false }: LintOptions = {}): readonly LintProblem[] {
  const found = policy.statements.flatMap((statement) =>
    findings(policy, statement).map(([rule, text]) => ({ rule, policy: policy.name, statement: statement.index, text })),
  );
  if (!secureTransport || policy.statements.some(deniesPlainTransport)) return found;
  return [
    ...found,
    { rule: "secure-transport", policy: policy.name, statement: undefined, text: "nothing denies requests without TLS (aws:SecureTransport false)" },
  ];
}

/** Control policies and boundaries draw a frame, and a frame is wide. */
function isFrame({ kind }: Policy): boolean {
  return kind === "scp" || kind === "rcp" || kind === "boundary";
}

function findings(policy: Policy, statement: Statement): readonly Finding[] {
  const actions = actionsOf(statement);
  const grants = statement.effect === "Allow" && !isFrame(policy);
  return [
    ...(grants ? wildcards(policy, statement, actions) : []),
    ...(grants ? principals(statement, actions) : []),
    ...(statement.effect === "Allow" ? statement.conditions.flatMap((condition) => missingNull(statement, condition)) : unresolvable(statement)),
    ...statement.conditions.flatMap((condition) => unsupported(condition, actions)),
    ...mismatches(statement, actions),
  ];
}

/** The actions that a statement is about. */
export function actionsOf({ actions }: Statement): readonly CataloguedAction[] {
  const globs = actions.items.map((pattern) => globOf(pattern.toLowerCase()));
  return cataloguedActions.filter(({ name }) => globs.some((glob) => fits(glob, name.toLowerCase())) !== actions.not);
}

function wildcards(policy: Policy, statement: Statement, actions: readonly CataloguedAction[]): readonly Finding[] {
  // The only resource of a key's policy is the key: it is written as *.
  const own = policy.kind === "resource" && actions.every(({ name }) => name.startsWith("kms:"));
  // What leaves a key to the account's own policies: AWS warns that a key without it may get out of everybody's hands.
  if (own && statement.principals?.items.every(({ value }) => rootAccount(value) !== undefined) === true) return [];
  const wide = statement.actions.not ? ["NotAction"] : statement.actions.items.filter((pattern) => /[*?]/.test(pattern));
  const found: Finding[] = wide.map((pattern) => [
    "wildcard-action",
    `${pattern} allows ${String(actions.length)} actions of the catalogue: name those that are used`,
  ]);
  const narrowable = actions.filter(({ types }) => types.length > 0);
  if (narrowable.length === 0 || own || statement.resources === undefined) return found;
  const open = statement.resources.not
    ? ["NotResource"]
    : statement.resources.items.filter((pattern) => isOpen(pattern) && !isNamedOtherwise(pattern, statement));
  return [...found, ...open.map((pattern): Finding => ["wildcard-resource", `${pattern} is wider than ${narrowable[0]?.name ?? ""} needs: name the resource`])];
}

/** Names that AWS makes up, or that are made at run time: only their end can be left open, behind all that is known. */
const openEnds: readonly RegExp[] = [
  /:dynamodb:[^*?]+:table\/[^*?/]+\/stream\/\*$/,
  /:secretsmanager:[^*?]+:secret:[^*?]+-\?{6}$/,
  /:logs:[^*?]+:log-group:[^*?]+:(?:log-stream:)?\*$/,
  /:scheduler:[^*?]+:schedule\/[^*?/]+\/[^*?/]*\*$/,
  /:s3:::[^*?/]+\/[^*?]*\*$/,
];

/** Whether a pattern stands for more than one thing that could be named. */
function isOpen(pattern: string): boolean {
  const known = pattern.replaceAll(/\$\{[^{}]+\}/g, "v");
  return /[*?]/.test(known) && !openEnds.some((end) => end.test(known));
}

/**
 * Resources whose names AWS makes up when it makes them: they are told by what does not change. The condition must name it, not
 * only ask for it where it is there.
 */
const namedBy: readonly (readonly [resource: RegExp, key: string])[] = [
  [/^arn:aws[a-z-]*:kms:[a-z\d-]+:\d{12}:key\/\*$/, "kms:resourcealiases"],
  [/^arn:aws[a-z-]*:lambda:[a-z\d-]+:\d{12}:event-source-mapping:\*$/, "lambda:functionarn"],
];

function isNamedOtherwise(pattern: string, { conditions }: Statement): boolean {
  return namedBy.some(([resource, key]) => resource.test(pattern) && conditions.some((condition) => condition.key === key && names(condition)));
}

/** Whether the condition asks for values, and for a request that has one. */
function names({ negated, ifExists, set, test, values }: Condition): boolean {
  return !negated && !ifExists && set !== "all" && test !== "Null" && !values.includes("*");
}

/** What says for whom a service acts. CloudWatch Logs says it to a key by the log group in the encryption context. */
function scopesOf(service: string, actions: readonly CataloguedAction[]): readonly string[] {
  const logsKey = service.startsWith("logs.") && actions.every(({ name }) => name.startsWith("kms:"));
  return logsKey ? ["kms:encryptioncontext:aws:logs:arn"] : ["aws:sourcearn", "aws:sourceaccount"];
}

function principals({ principals: who, conditions }: Statement, actions: readonly CataloguedAction[]): readonly Finding[] {
  const found: Finding[] = [];
  const keys = new Set(conditions.filter(names).map(({ key }) => key));
  for (const { type, value } of who?.items ?? []) {
    const scopes = type === "Service" ? scopesOf(value, actions).filter((key) => !keys.has(key)) : [];
    if (scopes.length > 0) found.push(["confused-deputy", `${value} may act for anybody: add ${scopes.join(" and ")}`]);
    if (value === "*" && keys.size === 0) found.push(["open-principal", "everybody is allowed, without a condition"]);
  }
  return found;
}

/** `ForAllValues` holds where the key is missing: only `Null` false beside it asks for the key. */
function missingNull({ conditions }: Statement, { set, key, operator }: Condition): readonly Finding[] {
  const asked = conditions.some((other) => other.test === "Null" && other.key === key && other.values.every((value) => value === "false"));
  return set !== "all" || asked ? [] : [["missing-null-check", `${operator} of ${key} also holds where the key is missing: add Null false`]];
}

/** A `Deny` whose variable has no value does not deny. */
function unresolvable({ resources, conditions }: Statement): readonly Finding[] {
  const patterns = [...(resources?.items ?? []), ...conditions.flatMap(({ values }) => values)];
  const bare = patterns.flatMap((pattern) => variablesOf(pattern).variables).filter(({ fallback }) => fallback === undefined);
  return bare.map(({ key }) => ["variable-in-deny", `the statement does not deny where ${key} is missing: give the variable a default`]);
}

function unsupported({ key }: Condition, actions: readonly CataloguedAction[]): readonly Finding[] {
  const without = actions.filter((action) => !supportsKey(action, key));
  if (without.length === 0) return [];
  return [
    [
      "unsupported-key",
      `requests for ${without[0]?.name ?? ""} never hold ${key}${without.length > 1 ? `, nor do those for ${String(without.length - 1)} more` : ""}`,
    ],
  ];
}

function mismatches({ actions: named, resources }: Statement, actions: readonly CataloguedAction[]): readonly Finding[] {
  if (resources === undefined || resources.not || named.not) return [];
  const globs = resources.items.map((pattern) => pattern.replaceAll(/\$\{[^{}]+\}/g, "*"));
  const reach = (action: CataloguedAction, glob: string): boolean => glob === "*" || action.types.some(({ arn }) => globsMeet(glob, arn));
  const idle = actions.filter((action) => !globs.some((glob) => reach(action, glob)));
  const unused = resources.items.filter((_, index) => !actions.some((action) => reach(action, globs[index] ?? "")));
  return [
    ...idle.slice(0, named.items.some((pattern) => /[*?]/.test(pattern)) ? 0 : undefined).map(({ name, types }): Finding => {
      return ["resource-mismatch", types.length === 0 ? `${name} accepts only * as its resource` : `${name} takes none of these resources`];
    }),
    ...unused.map((pattern): Finding => ["resource-mismatch", `none of these actions takes ${pattern}`]),
  ];
}

function deniesPlainTransport({ effect, conditions, principals: who, actions }: Statement): boolean {
  const [only] = conditions;
  return (
    effect === "Deny" &&
    conditions.length === 1 &&
    only?.test === "Bool" &&
    only.key === "aws:securetransport" &&
    only.values.includes("false") &&
    who?.not === false &&
    who.items.some(({ value }) => value === "*") &&
    // A bus's policy names single actions; the one that carries data is PutEvents.
    actions.items.some((pattern) => pattern === "*" || pattern.endsWith(":*") || pattern === "events:PutEvents")
  );
}
