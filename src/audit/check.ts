/** What a check is: one line of the audited document, and the parts of the proof that it holds. */
import type { Project } from "./project.ts";

/**
 * PLAN: what Terraform would make. IAM: policies, asked. ATTACK: the door, attacked in process. CODE: compiler and linter. CI: workflows.
 * RUN: something carried out here and now. DOC: documents. LIVE: what only a running account can show.
 */
export const kinds = ["PLAN", "IAM", "ATTACK", "CODE", "CI", "RUN", "DOC", "LIVE"] as const;
export type Kind = (typeof kinds)[number];

/** Where something was seen, and what. */
export interface Evidence {
  /** Path in the repository; the report adds the hash of its text. */
  readonly file?: string;
  readonly line?: number;
  /** Address of a resource, name of a policy or of an experiment. */
  readonly address?: string;
  readonly value: string;
  readonly command?: string;
  readonly exitCode?: number;
}

/** One claim of a check and whether it holds. */
export interface Part {
  readonly kind: Kind;
  readonly claim: string;
  /** `stale`: what was seen is too old to count. */
  readonly status: "pass" | "fail" | "not-evidenced" | "stale";
  /** What is wrong, each with its place. */
  readonly problems: readonly string[];
  readonly evidence: readonly Evidence[];
}

export interface Check {
  /** Of the line in `docs/security/statements.json`. */
  readonly id: string;
  /** What is really checked, in a few words. */
  readonly title: string;
  /** Rows of the OWASP lists that it answers: `A01` to `A10` of 2025, `API1` to `API10` of 2023. */
  readonly owasp?: readonly string[];
  readonly run: (project: Project, done: Done) => readonly Part[];
}

/** What other checks found, for those that sum up; `undefined` for a check that there is not. */
export interface Done {
  readonly get: (id: string) => readonly Part[] | undefined;
}

/** How many pieces of evidence a part keeps: enough to look, not a copy of the project. */
const kept = 5;

/**
 * A claim over items. None at all is a failure: a claim about nothing is not evidence. Only where `absent` says why this kind of
 * thing is left out on purpose does it hold.
 */
export function each<Item>(
  kind: Kind,
  claim: string,
  items: readonly Item[],
  judge: (item: Item) => string | readonly string[] | undefined,
  seen: (item: Item) => Evidence,
  absent?: string,
): Part {
  if (items.length === 0) {
    if (absent === undefined) return { kind, claim, status: "fail", problems: ["there is nothing that this could be checked on"], evidence: [] };
    return { kind, claim, status: "pass", problems: [], evidence: [{ value: `left out on purpose: ${absent}` }] };
  }
  const bad: { readonly item: Item; readonly problems: readonly string[] }[] = [];
  for (const item of items) {
    const problems = [judge(item) ?? []].flat();
    if (problems.length > 0) bad.push({ item, problems });
  }
  const shown = bad.length > 0 ? bad.map(({ item }) => item) : items;
  const rest = shown.length - kept;
  const evidence = [...shown.slice(0, kept).map(seen), ...(rest > 0 ? [{ value: `and ${String(rest)} more` }] : [])];
  const problems = bad.flatMap(({ item, problems: found }) => found.map((problem) => `${placeOf(seen(item))}${problem}`));
  return { kind, claim, status: bad.length > 0 ? "fail" : "pass", problems, evidence };
}

/** A claim about one thing that is there or not: `problems` says what is wrong with it. */
export function one(kind: Kind, claim: string, problems: readonly (string | undefined)[], evidence: Evidence): Part {
  const found = problems.filter((problem) => problem !== undefined);
  return { kind, claim, status: found.length > 0 ? "fail" : "pass", problems: found.map((problem) => `${placeOf(evidence)}${problem}`), evidence: [evidence] };
}

/** What nobody can see from here: it needs the live account, or a service on the network. */
export function unseen(claim: string, needs: string): Part {
  return { kind: "LIVE", claim, status: "not-evidenced", problems: [], evidence: [{ value: `needs ${needs}` }] };
}

/** What an experiment of this run found. */
export function ran(project: Project, name: string): Part {
  const outcome = project.outcomes.get(name);
  if (outcome === undefined) {
    return { kind: "RUN", claim: name, status: "fail", problems: [`the experiment ${name} was not run`], evidence: [] };
  }
  const { kind, claim, tried, value, problems, milliseconds, needs } = outcome;
  if (needs !== undefined)
    return { kind, claim, status: "not-evidenced", problems: [], evidence: [{ address: `experiment ${name}`, value: `needs ${needs}` }] };
  const all = tried === 0 && problems.length === 0 ? ["nothing was tried"] : problems;
  const evidence = [{ address: `experiment ${name}`, value: `${value} (${String(tried)} tried, ${String(milliseconds)} ms)` }];
  return { kind, claim, status: all.length > 0 ? "fail" : "pass", problems: all, evidence };
}

/** Holds while each of the named checks does. */
export function sum(kind: Kind, claim: string, ids: readonly string[], done: Done): Part {
  return each(
    kind,
    claim,
    ids,
    (id) => {
      const parts = done.get(id);
      if (parts === undefined) return "it was not checked";
      const failed = parts.filter(({ status }) => status === "fail" || status === "stale");
      return failed.length > 0 ? `it fails: ${failed.map((part) => part.claim).join("; ")}` : undefined;
    },
    (id) => ({ address: `check ${id}`, value: done.get(id)?.every(({ status }) => status === "pass") === true ? "pass" : "see there" }),
  );
}

function placeOf({ file, line, address }: Evidence): string {
  const place = [file === undefined ? "" : line === undefined ? file : `${file}:${String(line)}`, address ?? ""].filter((text) => text !== "").join(" ");
  return place === "" ? "" : `${place}: `;
}

/** A claim that holds where a check of ours found nothing over so many things. */
export function found(
  kind: Kind,
  claim: string,
  examined: number,
  findings: readonly { readonly at: string; readonly problem: string }[],
  evidence: Evidence,
): Part {
  const problems = findings.map(({ at, problem }) => `${at}: ${problem}`);
  const all = examined === 0 && problems.length === 0 ? ["there is nothing that this could be checked on"] : problems;
  return {
    kind,
    claim,
    status: all.length > 0 ? "fail" : "pass",
    problems: all,
    evidence: [{ ...evidence, value: `${evidence.value}, ${String(problems.length)} findings` }],
  };
}
