/** Runs the checks over a project and weighs what people decided. */
import type { Check, Done, Evidence, Kind, Part } from "./check.ts";
import { attestedFor, type Decisions } from "./decisions.ts";
import { day, type Project, type Statement } from "./project.ts";
import { reviewedLines } from "./reviewed.ts";
import { hashOf, reviewedFor } from "./statements.ts";

/** `STALE`: the line was edited, nobody has read it for half a year, or what shows it is too old. `NOT-EVIDENCED`: it cannot be seen from here. */
export const statuses = ["PASS", "FAIL", "WAIVED", "NOT-EVIDENCED", "ATTESTED", "STALE"] as const;
export type Status = (typeof statuses)[number];

/** A line of the document with what was found about it. */
export interface Finding {
  readonly id: string;
  readonly section: string;
  /** The line, letter by letter, and its SHA-256. */
  readonly text: string;
  readonly sha256: string;
  readonly title: string;
  readonly owner: string;
  readonly status: Status;
  readonly kinds: readonly Kind[];
  /** Why it is not PASS, each reason with its place. */
  readonly reasons: readonly string[];
  readonly parts: readonly (Omit<Part, "evidence"> & { readonly evidence: readonly HashedEvidence[] })[];
}

/** With the SHA-256 of the file's text. */
export interface HashedEvidence extends Evidence {
  readonly sha256?: string;
}

/** Runs each check when it is first asked for, once. */
export function runChecks(project: Project, checks: readonly Check[]): Done {
  const byId = new Map(checks.map((check) => [check.id, check]));
  const done = new Map<string, readonly Part[]>();
  const get: Done["get"] = (id) => {
    const parts = done.get(id) ?? byId.get(id)?.run(project, { get });
    if (parts !== undefined) done.set(id, parts);
    return parts;
  };
  return { get };
}

/** Names of experiments and tools. */
export interface Needs {
  readonly outcomes: ReadonlySet<string>;
  readonly tools: ReadonlySet<string>;
}

/** What the checks of some lines look at, with those that they sum up: told by the checks themselves, run on a project that has nothing of it. */
export function needsOf(project: Project, checks: readonly Check[], only: ReadonlySet<string>): Needs {
  const [outcomes, tools] = [new Set<string>(), new Set<string>()];
  const done = runChecks({ ...project, outcomes: recording(outcomes), tools: recording(tools) }, checks);
  for (const id of only) done.get(id);
  return { outcomes, tools };
}

/** A map that holds nothing and keeps what it was asked for. */
function recording(asked: Set<string>): ReadonlyMap<string, never> {
  const map = new Map<string, never>();
  map.get = (name) => {
    asked.add(name);
    return undefined;
  };
  return map;
}

/** The findings in the order of the document. With `only`, of these lines alone, and no check is run that they do not sum up. */
export function auditOf(project: Project, checks: readonly Check[], decisions: Decisions, only?: ReadonlySet<string>): readonly Finding[] {
  const done = runChecks(project, checks);
  const byId = new Map(checks.map((check) => [check.id, check]));
  const hashes = new Map<string, string>();
  const hashed = (evidence: Evidence): HashedEvidence => {
    const text = evidence.file === undefined ? undefined : project.files.get(evidence.file);
    if (evidence.file === undefined || text === undefined) return evidence;
    const sha256 = hashes.get(evidence.file) ?? hashOf(text);
    hashes.set(evidence.file, sha256);
    return { ...evidence, sha256 };
  };
  return project.statements
    .filter(({ id }) => only === undefined || only.has(id))
    .map((statement) => findingOf(statement, byId.get(statement.id), done.get(statement.id) ?? [], decisions, project.now))
    .map((finding) => ({ ...finding, parts: finding.parts.map((part) => ({ ...part, evidence: part.evidence.map(hashed) })) }));
}

function findingOf(statement: Statement, check: Check | undefined, parts: readonly Part[], decisions: Decisions, now: number): Finding {
  const { id, section, text, owner } = statement;
  const sha256 = hashOf(text);
  const { status, reasons } = verdict(statement, sha256, check, parts, decisions, now);
  return { id, section, text, sha256, title: check?.title ?? "", owner, status, kinds: [...new Set(parts.map(({ kind }) => kind))], reasons, parts };
}

function verdict(
  statement: Statement,
  sha256: string,
  check: Check | undefined,
  parts: readonly Part[],
  { waivers, attestations }: Decisions,
  now: number,
): Pick<Finding, "status" | "reasons"> {
  if (check === undefined) return { status: "FAIL", reasons: ["no check stands behind this line"] };
  if (!sha256.startsWith(reviewedLines[statement.id] ?? "?"))
    return { status: "STALE", reasons: ["the line was edited: read its check again, then change its hash in src/audit/reviewed.ts"] };
  if (now - Date.parse(statement.reviewed) > reviewedFor) return { status: "STALE", reasons: [`nobody has read the line since ${statement.reviewed}`] };
  const failed = parts.flatMap(({ status, claim, problems }) => (status === "fail" ? problems.map((problem) => `not so: ${claim}: ${problem}`) : []));
  if (failed.length > 0 || parts.length === 0) {
    const waiver = waivers.find(({ id }) => id === statement.id);
    const reasons = failed.length > 0 ? failed : ["the check found nothing to look at"];
    if (waiver === undefined) return { status: "FAIL", reasons };
    const words = `${waiver.reason} (${waiver.owner}, until ${waiver.expires})`;
    return now < Date.parse(waiver.expires) + day
      ? { status: "WAIVED", reasons: [words, ...reasons] }
      : { status: "FAIL", reasons: [`the waiver has expired: ${words}`, ...reasons] };
  }
  const old = parts.filter(({ status }) => status === "stale").flatMap(({ problems }) => problems);
  if (old.length > 0) return { status: "STALE", reasons: old };
  const unseen = parts.filter(({ status }) => status === "not-evidenced");
  if (unseen.length === 0) return { status: "PASS", reasons: [] };
  const needs = unseen.map(({ claim, evidence }) => `${claim}: ${evidence.map(({ value }) => value).join(", ")}`);
  const attestation = attestations.find(({ id }) => id === statement.id);
  if (attestation === undefined) return { status: "NOT-EVIDENCED", reasons: needs };
  const age = now - Date.parse(attestation.date);
  const words = `${attestation.statement} (${attestation.by}, ${attestation.date})`;
  if (age < 0 || age > attestedFor) return { status: "NOT-EVIDENCED", reasons: [`no longer counts: ${words}`, ...needs] };
  return { status: "ATTESTED", reasons: [words] };
}

/** Whether something needs somebody: a line that is not true, not read, or waived for too long. */
export function hasProblem(findings: readonly Finding[]): boolean {
  return findings.some(({ status }) => status === "FAIL" || status === "STALE");
}
