import { Command } from "commander";
import { permissionChanges, permissionsOf, permissionText, policyFolder, type Permission, type Policy } from "../../synth/index.ts";
import { group, runs, type Call, type Session } from "../call.ts";
import { exit, usageError, type ExitCode } from "../exit.ts";
import { addStackOptions, openStacks, type Stack, type StackOptions } from "../stack/stack.ts";
import { plural } from "../output/text.ts";

interface ShowOptions extends StackOptions {
  readonly all?: boolean;
}

export function addIam(program: Command, session: Session): void {
  const iam = group("iam", "what each function may do in AWS, derived from the declaration");
  const show = addStackOptions(
    new Command("show").argument("[name]", "a handler, endpoint, function or role").description("permissions, one line for each"),
  ).option("--all", "the policies of queues, tables, bus, key and trust, and the boundary too");
  const diff = addStackOptions(new Command("diff").description("what the declaration changes against the committed policies; exit code 3 where it does"));
  runs<ShowOptions>(show, session, showPermissions);
  runs<StackOptions>(diff, session, showChanges);
  program.addCommand(iam.addCommand(show).addCommand(diff));
}

async function showPermissions(call: Call<ShowOptions>): Promise<undefined> {
  const { stacks } = await openStacks(call);
  const stack = one(stacks);
  const [name] = call.args;
  const policies = [...stack.infrastructure.policies].filter(([document]) => call.options.all === true || document.startsWith("role."));
  const chosen = name === undefined ? policies : policies.filter(([document]) => isNamed(stack, document, name));
  if (chosen.length === 0) throw usageError(`Nothing here is called ${name ?? ""}`, "Run `pulsequeue iam show` without a name to see what there is.");
  const result = chosen.map(([document, policy]) => ({ name: document, permissions: permissionsOf(policy) }));
  call.print.result(result, () =>
    result.map(({ name: title, permissions }) => [call.print.paint("bold", title), ...grouped(permissions)].join("\n")).join("\n\n"),
  );
  return undefined;
}

/** Lines that differ by their action only are one line. */
function grouped(permissions: readonly Permission[]): readonly string[] {
  const lines = new Map<string, { readonly first: Permission; readonly actions: string[] }>();
  for (const permission of permissions) {
    const key = JSON.stringify([permission.effect, permission.purpose, permission.resource, permission.conditions]);
    const line = lines.get(key) ?? { first: permission, actions: [] };
    line.actions.push(permission.action);
    lines.set(key, line);
  }
  return [...lines.values()].map(({ first, actions }) => `  ${first.purpose}: ${permissionText({ ...first, action: actions.join(", ") })}`);
}

async function showChanges(call: Call<StackOptions>): Promise<ExitCode> {
  const { stacks } = await openStacks(call);
  const changes = stacks.flatMap(changesOf);
  call.print.result(changes, () => {
    if (changes.length === 0) return "no permission changes";
    const lines = changes.map(
      ({ environment, name, change, permission }) => `${change === "added" ? "+" : "-"} ${environment} ${name} ${permissionText(permission)}`,
    );
    return [...lines, `${plural(changes.length, "permission")} changed`].join("\n");
  });
  return changes.length === 0 ? exit.ok : exit.problem;
}

interface Change {
  readonly environment: string;
  readonly name: string;
  readonly change: "added" | "removed";
  readonly permission: Permission;
}

export function changesOf({ environment, infrastructure, found }: Stack): readonly Change[] {
  const committed = new Map(
    [...found].filter(([path]) => path.startsWith(`${policyFolder}/`)).map(([path, text]) => [documentName(path), JSON.parse(text) as Policy]),
  );
  const names = [...new Set([...infrastructure.policies.keys(), ...committed.keys()])].sort();
  return names.flatMap((name) =>
    permissionChanges(committed.get(name), infrastructure.policies.get(name)).map((change) => ({ environment: environment.environment, name, ...change })),
  );
}

function documentName(path: string): string {
  return path.slice(policyFolder.length + 1, -".json".length);
}

function isNamed({ infrastructure }: Stack, document: string, name: string): boolean {
  const { handlers, endpoints } = infrastructure.variables;
  const full = handlers[name]?.name ?? endpoints[name]?.name ?? name;
  return document === full || document === `role.${full}`;
}

function one(stacks: readonly Stack[]): Stack {
  const last = stacks.at(-1);
  if (stacks.length > 1 || last === undefined)
    throw usageError("There are several environments", `Name one with --env: ${stacks.map((stack) => stack.environment.environment).join(", ")}.`);
  return last;
}
