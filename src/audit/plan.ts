/** What Terraform would make, asked by the checks. */
import { each, type Evidence, type Part } from "./check.ts";
import { infraChecks, runCheck } from "./infra/index.ts";
import type { Resource } from "./infra/resource.ts";
import type { Project, StackData } from "./project.ts";

export interface Planned extends Resource {
  readonly stack: StackData;
}

/** Resources of these types, of all environments. */
export function planned({ stacks }: Pick<Project, "stacks">, ...types: readonly string[]): readonly Planned[] {
  return stacks.flatMap((stack) => stack.infra.resources.filter(({ type }) => types.includes(type)).map((resource) => ({ ...resource, stack })));
}

/** The value at a path of names and positions; `undefined` for none and for null. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Readonly<Record<string | number, unknown>>)[step];
  }
  return found ?? undefined;
}

/** Text at a path; empty for anything else. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  return typeof found === "string" ? found : "";
}

export function seen({ stack, address, values }: Planned, ...path: readonly (string | number)[]): Evidence {
  const value = path.length === 0 ? "made" : `${path.join(".")} = ${JSON.stringify(at(values, ...path) ?? null)}`;
  return { file: `${stack.folder}/main.tf`, address: `${stack.name}: ${address}`, value };
}

/** A claim about every resource of some types. */
export function eachPlanned(
  project: Project,
  claim: string,
  types: readonly string[],
  judge: (resource: Planned) => string | readonly string[] | undefined,
  path: readonly (string | number)[] = [],
  absent?: string,
): Part {
  return each("PLAN", claim, planned(project, ...types), judge, (resource) => seen(resource, ...path), absent);
}

/** A check of the infrastructure, over every environment that it is for: the app's resources, and those of its account. */
export function infraPart(project: Project, id: string): Part {
  const check = infraChecks.get(id);
  if (check === undefined) return { kind: "PLAN", claim: id, status: "fail", problems: [`there is no check ${id} of the infrastructure`], evidence: [] };
  const roots = project.stacks.flatMap((stack) => [
    ...(check.of === "account" ? [] : [{ file: `${stack.folder}/main.tf`, infra: stack.infra }]),
    ...(check.of === "stack" ? [] : [{ file: "infra/account/main.tf", infra: stack.account }]),
  ]);
  const results = roots.map(({ file, infra }) => ({ file, infra, answer: runCheck(check, infra).answer }));
  return each(
    "PLAN",
    check.title,
    results,
    ({ answer }) => answer.findings.map(({ address, problem }) => `${address} ${problem}`),
    ({ file, infra, answer }) => ({ file, address: infra.name, value: `${String(answer.examined)} examined, ${String(answer.undecided)} told by a plan only` }),
  );
}

/** JSON text as a value; `undefined` for what is none. */
export function jsonAt(resource: Planned, ...path: readonly (string | number)[]): unknown {
  const text = at(resource.values, ...path);
  if (typeof text !== "string") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Why there is no network of our own: no handler says that it needs one. */
export function withoutNetwork({ stacks }: Pick<Project, "stacks">): string | undefined {
  const asking = stacks.filter(({ environment }) => at(environment, "network") !== undefined);
  return stacks.length > 0 && asking.length === 0
    ? "no handler reaches a thing in a VPC (environment.json names no network), so there is none to protect"
    : undefined;
}
