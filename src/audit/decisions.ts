/** What people decided: `audit.json` holds what is not met for now, and what somebody vouches for. Each has an end. */
import { PulseQueueError, type Issue } from "../core/errors.ts";
import { day } from "./project.ts";

/** A line that is not met for now. */
export interface Waiver {
  readonly id: string;
  readonly reason: string;
  readonly owner: string;
  /** Last day, `2026-11-30`. */
  readonly expires: string;
}

/** Somebody vouches for what cannot be seen from here; for 90 days. */
export interface Attestation {
  readonly id: string;
  readonly statement: string;
  readonly by: string;
  readonly date: string;
}

export interface Decisions {
  readonly waivers: readonly Waiver[];
  readonly attestations: readonly Attestation[];
}

export const noDecisions: Decisions = { waivers: [], attestations: [] };

/** How long an attestation counts. */
export const attestedFor = 90 * day;

const fields: Readonly<Record<keyof Decisions, readonly string[]>> = {
  waivers: ["id", "reason", "owner", "expires"],
  attestations: ["id", "statement", "by", "date"],
};
const dates: ReadonlySet<string> = new Set(["expires", "date"]);

/** The decisions in a parsed `audit.json`. Throws `AUDIT_INVALID` with every problem: a field that is missing, unknown or wrong, an id that no line has. */
export function parseDecisions(value: unknown, ids: ReadonlySet<string>): Decisions {
  const problems: Issue[] = [];
  const report = (path: string, message: string): void => void problems.push({ path, message });
  if (!isRecord(value)) throw new PulseQueueError("AUDIT_INVALID", "audit.json must hold an object with waivers and attestations");
  for (const name of Object.keys(value)) if (!Object.hasOwn(fields, name)) report(name, "is not known");
  for (const [list, names] of Object.entries(fields)) {
    const entries = value[list] ?? [];
    if (!Array.isArray(entries)) {
      report(list, "must be a list");
      continue;
    }
    for (const [index, entry] of (entries as readonly unknown[]).entries()) checkEntry(`${list}.${String(index)}`, entry, names, ids, report);
  }
  if (problems.length > 0) throw new PulseQueueError("AUDIT_INVALID", "audit.json cannot be used", { issues: problems });
  return { ...noDecisions, ...(value as Partial<Decisions>) };
}

function checkEntry(path: string, entry: unknown, names: readonly string[], ids: ReadonlySet<string>, report: (path: string, message: string) => void): void {
  if (!isRecord(entry)) {
    report(path, "must be an object");
    return;
  }
  for (const name of Object.keys(entry)) if (!names.includes(name)) report(`${path}.${name}`, "is not known");
  for (const name of names) {
    const text = entry[name];
    if (typeof text !== "string" || text.trim() === "") report(`${path}.${name}`, "must be text");
    else if (dates.has(name) && !isDate(text)) report(`${path}.${name}`, "must be a day like 2026-11-30");
    else if (name === "id" && !ids.has(text)) report(`${path}.id`, `no line has the id ${text}`);
  }
}

export function isDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
