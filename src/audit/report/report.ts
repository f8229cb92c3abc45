/** A report: the findings with where they come from, chained to the report before it by hash. */
import { readdirSync, readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { statuses, type Finding, type Status } from "../audit.ts";
import { hashOf } from "../statements.ts";

export interface Report {
  readonly app: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** The commit that was audited; `null` outside of a repository. */
  readonly commit: string | null;
  readonly version: string;
  readonly seconds: number;
  readonly counts: Readonly<Record<Status, number>>;
  readonly findings: readonly Finding[];
  /** SHA-256 of the file of the report before it; `null` for the first. */
  readonly previous: string | null;
}

export function countsOf(findings: readonly Finding[]): Report["counts"] {
  const count = (status: Status): number => findings.filter((finding) => finding.status === status).length;
  return Object.fromEntries(statuses.map((status) => [status, count(status)])) as Report["counts"];
}

const named = /^(?<number>\d{6})-\d{4}-\d\d-\d\d\.json$/;

/** The reports of a folder, oldest first. */
function reportsIn(folder: string): readonly { readonly name: string; readonly text: string }[] {
  return readdirSync(folder)
    .filter((name) => named.test(name))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
}

/** Writes the report behind those of the folder, and answers its name. */
export function appendReport(folder: string, report: Omit<Report, "previous">): string {
  mkdirSync(folder, { recursive: true });
  const last = reportsIn(folder).at(-1);
  const number = Number(named.exec(last?.name ?? "")?.groups?.["number"] ?? 0) + 1;
  const name = `${String(number).padStart(6, "0")}-${report.time.slice(0, 10)}.json`;
  const previous = last === undefined ? null : hashOf(last.text);
  writeFileSync(join(folder, name), `${JSON.stringify({ ...report, previous } satisfies Report, undefined, 2)}\n`, { flag: "wx" });
  return name;
}

export interface ChainResult {
  readonly ok: boolean;
  readonly reports: number;
  /** Hash of the last report: whoever keeps it outside can tell later that nothing before it was rewritten. */
  readonly head: string | null;
  /** ISO 8601 of the last report. */
  readonly last: string | null;
  readonly problems: readonly string[];
}

/** Whether every report names the hash of the one before, without a gap. `head`: a hash that was kept outside, which one of them must have. */
export function verifyChain(folder: string, head?: string): ChainResult {
  const problems: string[] = [];
  let previous: string | null = null;
  let last: string | null = null;
  const hashes: string[] = [];
  for (const [index, { name, text }] of reportsIn(folder).entries()) {
    if (Number(named.exec(name)?.groups?.["number"]) !== index + 1) problems.push(`${name}: a report before it is missing`);
    const report = parsed(text);
    if (report === undefined) problems.push(`${name}: it is no report`);
    else {
      if (report.previous !== previous) problems.push(`${name}: it does not follow the report before it: one of the two was changed or removed`);
      last = report.time;
    }
    previous = hashOf(text);
    hashes.push(previous);
  }
  if (head !== undefined && !hashes.includes(head)) problems.push("no report has the hash that was kept: the chain was written anew, or cut off");
  return { ok: problems.length === 0, reports: hashes.length, head: previous, last, problems };
}

function parsed(text: string): Pick<Report, "previous" | "time"> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isReport = typeof value === "object" && value !== null && "previous" in value && "time" in value && "findings" in value;
    return isReport ? (value as Report) : undefined;
  } catch {
    return undefined;
  }
}
