/** One question about the infrastructure, asked of every resource that it concerns. */
import { type Fields, type Infra, type Resource } from "../resource.ts";

export interface Finding {
  readonly address: string;
  readonly problem: string;
}

export interface Answer {
  /** What was looked at; nothing makes the check fail, unless the stack has no such thing on purpose. */
  readonly examined: number;
  readonly findings: readonly Finding[];
  /** What this source cannot tell: known only after an apply. Each is told by the other source. */
  readonly undecided: number;
}

export interface InfraCheck {
  /** E.g. `encryption`. */
  readonly id: string;
  /** What holds where it passes. */
  readonly title: string;
  /** Root modules that it is for: the stacks, the account's, or both. */
  readonly of: "stack" | "account" | "both";
  /** Whether a root module may have nothing of the kind. */
  readonly mayBeNone?: true;
  answer(infra: Infra): Answer;
}

export interface Result {
  readonly id: string;
  readonly title: string;
  readonly status: "pass" | "fail";
  readonly answer: Answer;
}

export function runCheck(check: InfraCheck, infra: Infra): Result {
  const answer = check.answer(infra);
  const isVacuous = answer.examined === 0 && answer.undecided === 0 && check.mayBeNone !== true;
  const none: Finding = { address: infra.name, problem: "there is nothing to check: the check or the stack has lost what it is about" };
  const findings = isVacuous ? [none] : answer.findings;
  return { id: check.id, title: check.title, status: findings.length === 0 ? "pass" : "fail", answer: { ...answer, findings } };
}

export function ofType(infra: Infra, ...types: readonly string[]): readonly Resource[] {
  return infra.resources.filter(({ type }) => types.includes(type));
}

/** What is wrong with a resource's values; the word `unknown` where this source cannot tell. */
export type Verdict = string | undefined;

/** Asks `verdict` of each resource. */
export function each(resources: readonly Resource[], verdict: (values: Fields, resource: Resource) => Verdict): Answer {
  const verdicts = resources.map((resource) => ({ address: resource.address, problem: verdict(resource.values, resource) }));
  return {
    examined: verdicts.filter(({ problem }) => problem !== "unknown").length,
    undecided: verdicts.filter(({ problem }) => problem === "unknown").length,
    findings: verdicts.flatMap(({ address, problem }) => (problem === undefined || problem === "unknown" ? [] : [{ address, problem }])),
  };
}

export function together(...answers: readonly Answer[]): Answer {
  return {
    examined: answers.reduce((sum, { examined }) => sum + examined, 0),
    undecided: answers.reduce((sum, { undecided }) => sum + undecided, 0),
    findings: answers.flatMap(({ findings }) => findings),
  };
}
