/** Faults in an audited project, one at a time: the check that it is planted for must turn red. */
import { parse } from "yaml";
import type { Lab } from "../../../src/audit/experiment.ts";
import type { Project, StackData } from "../../../src/audit/project.ts";

export interface Mutant {
  /** Id of the line whose check must find it. */
  readonly check: string;
  readonly name: string;
  /** The project with the fault. */
  readonly change?: (project: Project) => Project;
  /** An experiment that is carried out again, in a laboratory with the fault. */
  readonly sabotage?: { readonly experiment: string; readonly lab: (lab: Lab) => Lab };
  /** Checks that the line sums up, and that have to be asked again first. */
  readonly first?: readonly string[];
}

type Values = Readonly<Record<string, unknown>>;

/** Values of the resources of one type, of every environment; only those whose address or name holds `named`. */
export function withResource(
  check: string,
  name: string,
  type: string,
  change: Values | ((values: Values) => Values),
  named = "",
  of: "infra" | "account" = "infra",
): Mutant {
  const changed = (values: Values): Values => (typeof change === "function" ? change(values) : { ...values, ...change });
  return onStacks(check, name, (stack) => ({
    ...stack,
    [of]: {
      ...stack[of],
      resources: stack[of].resources.map((resource) =>
        resource.type === type && (resource.address.includes(named) || JSON.stringify(resource.values["name"] ?? "").includes(named))
          ? { ...resource, values: changed(resource.values) as typeof resource.values }
          : resource,
      ),
    },
  }));
}

export function withoutResource(check: string, name: string, type: string, of: "infra" | "account" = "infra"): Mutant {
  return onStacks(check, name, (stack) => ({ ...stack, [of]: { ...stack[of], resources: stack[of].resources.filter((resource) => resource.type !== type) } }));
}

/** One more resource, in every environment. */
export function moreResource(check: string, name: string, type: string, values: Values, of: "infra" | "account" = "infra"): Mutant {
  return onStacks(check, name, (stack) => ({
    ...stack,
    [of]: {
      ...stack[of],
      resources: [...stack[of].resources, { address: `${type}.planted`, type, values: values as StackData["infra"]["resources"][number]["values"] }],
    },
  }));
}

export function onStacks(check: string, name: string, change: (stack: StackData) => StackData): Mutant {
  return { check, name, change: (project) => ({ ...project, stacks: project.stacks.map(change) }) };
}

interface WrittenStatement {
  readonly Sid: string;
  readonly [field: string]: unknown;
}

/** The committed policies whose names fit, with other statements. */
export function withPolicy(
  check: string,
  name: string,
  fits: RegExp,
  change: (statements: readonly WrittenStatement[], stack: StackData) => readonly unknown[],
): Mutant {
  return onStacks(check, name, (stack) => ({
    ...stack,
    found: new Map(
      [...stack.found].map(([path, text]) => {
        if (!path.startsWith("policies/") || !fits.test(path.slice("policies/".length, -".json".length))) return [path, text];
        const document = JSON.parse(text) as { readonly Statement: readonly WrittenStatement[] };
        return [path, JSON.stringify({ ...document, Statement: change(document.Statement, stack) })];
      }),
    ),
  }));
}

/** A file with another text; a workflow is parsed again. The fault must be in it: what was not found would prove nothing. */
export function withFile(check: string, name: string, path: string, find: string | RegExp, replace: string): Mutant {
  return {
    check,
    name,
    change: (project) => {
      const text = project.files.get(path);
      if (text === undefined || (text.search(find) < 0 && !(typeof find === "string" && text.includes(find))))
        throw new Error(`${path} does not hold what the mutant "${name}" changes`);
      const changed = typeof find === "string" ? text.replaceAll(find, replace) : text.replace(find, replace);
      const workflows = project.workflows.has(path) ? new Map([...project.workflows, [path, parse(changed) as unknown]]) : project.workflows;
      return { ...project, workflows, files: new Map([...project.files, [path, changed]]) };
    },
  };
}

export function newFile(check: string, name: string, path: string, text: string): Mutant {
  return { check, name, change: (project) => ({ ...project, files: new Map([...project.files, [path, text]]) }) };
}

export function withoutFile(check: string, name: string, path: string): Mutant {
  return { check, name, change: (project) => ({ ...project, files: new Map([...project.files].filter(([each]) => each !== path)) }) };
}

/** What a tool says, in another way. */
export function withTool(check: string, name: string, tool: string, change: (output: string) => string, exitCode?: number): Mutant {
  return {
    check,
    name,
    change: (project) => {
      const said = project.tools.get(tool);
      if (said === undefined) throw new Error(`There is no tool ${tool}`);
      return { ...project, tools: new Map([...project.tools, [tool, { ...said, output: change(said.output), exitCode: exitCode ?? said.exitCode }]]) };
    },
  };
}

export function sabotaged(check: string, name: string, experiment: string, lab: (lab: Lab) => Lab): Mutant {
  return { check, name, sabotage: { experiment, lab } };
}

/** A fault of a line, found by the line that sums it up. */
export function summedUp(check: string, mutant: Mutant): Mutant {
  return { ...mutant, check, first: [mutant.check, ...(mutant.first ?? [])] };
}
