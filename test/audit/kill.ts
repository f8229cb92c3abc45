/** Asks the checks about a project with one fault. */
import type { Check, Part } from "../../src/audit/check.ts";
import { experiments } from "../../src/audit/experiments/index.ts";
import type { Project } from "../../src/audit/project.ts";
import { backendFile } from "../../src/synth/index.ts";
import { createLab } from "../../src/cli/audit/lab.ts";
import type { Mutant } from "./mutants/mutant.ts";

/** What the named check, and those that it sums up, say of the project; the others as they were. */
export function ask(project: Project, checks: readonly Check[], sound: ReadonlyMap<string, readonly Part[]>, ids: readonly string[]): readonly Part[] {
  const done = new Map(sound);
  let last: readonly Part[] = [];
  for (const id of ids) {
    const check = checks.find((each) => each.id === id);
    if (check === undefined) throw new Error(`There is no check ${id}`);
    last = check.run(project, done);
    done.set(id, last);
  }
  return last;
}

/** Problems that the check of the mutant tells of it; none: the mutant lives. */
export async function problemsOf(
  mutant: Mutant,
  project: Project,
  checks: readonly Check[],
  sound: ReadonlyMap<string, readonly Part[]>,
): Promise<readonly string[]> {
  const changed = mutant.change === undefined ? await sabotagedProject(mutant, project) : mutant.change(project);
  const before = new Set(sound.get(mutant.check)?.flatMap(({ problems }) => problems));
  const parts = ask(changed, checks, sound, [...(mutant.first ?? []), mutant.check]);
  return parts.filter(({ status }) => status === "fail" || status === "stale").flatMap(({ problems }) => problems.filter((problem) => !before.has(problem)));
}

async function sabotagedProject({ sabotage, name }: Mutant, project: Project): Promise<Project> {
  const experiment = experiments.find((each) => each.name === sabotage?.experiment);
  if (sabotage === undefined || experiment === undefined) throw new Error(`The mutant "${name}" changes nothing`);
  const lab = createLab(project.app, new Map(project.stacks.map(({ name, found }) => [name, found.get(backendFile) ?? ""])));
  try {
    const { kind, claim } = experiment;
    const outcome = await experiment
      .run(sabotage.lab(lab))
      .catch((thrown: unknown) => ({ tried: 0, value: "", problems: [`it did not end: ${String(thrown)}`] }));
    return { ...project, outcomes: new Map([...project.outcomes, [experiment.name, { kind, claim, milliseconds: 0, ...outcome }]]) };
  } finally {
    lab.close();
  }
}
