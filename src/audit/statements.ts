/** The audited document, line by line. */
import { createHash } from "node:crypto";
import { PulseQueueError, type Issue } from "../core/errors.ts";
import { isDate } from "./decisions.ts";
import { day, type Statement } from "./project.ts";

/** How long a line counts as read. */
export const reviewedFor = 180 * day;

const names = ["id", "section", "text", "owner", "reviewed"] as const;

/** The lines in a parsed `statements.json`. Throws `AUDIT_INVALID`. */
export function parseStatements(value: unknown): readonly Statement[] {
  const list = typeof value === "object" && value !== null && "statements" in value ? value.statements : undefined;
  if (!Array.isArray(list) || list.length === 0) throw new PulseQueueError("AUDIT_INVALID", "The statements must be a list in `statements`");
  const problems: Issue[] = [];
  const seen = new Set<string>();
  for (const [index, entry] of (list as readonly Partial<Record<string, unknown>>[]).entries()) {
    for (const name of names)
      if (typeof entry[name] !== "string" || entry[name] === "") problems.push({ path: `${String(index)}.${name}`, message: "must be text" });
    if (!isDate(String(entry["reviewed"]))) problems.push({ path: `${String(index)}.reviewed`, message: "must be a day like 2026-11-30" });
    const id = String(entry["id"]);
    if (seen.has(id)) problems.push({ path: `${String(index)}.id`, message: `another line has the id ${id}` });
    seen.add(id);
  }
  if (problems.length > 0) throw new PulseQueueError("AUDIT_INVALID", "The statements cannot be used", { issues: problems });
  return list as readonly Statement[];
}

export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
