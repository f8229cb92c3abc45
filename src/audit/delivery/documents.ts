/** The documents that say whom to tell: security.txt (RFC 9116), CODEOWNERS, and dates that must not grow old. */
import type { Finding } from "./finding.ts";

const day = 86_400_000;

/** RFC 9116: Contact and one Expires are required; it recommends an expiry of less than a year. `now`: milliseconds since 1970. */
export function securityTxtFindings(text: string, now: number): readonly Finding[] {
  const at = "security.txt";
  const fields = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => /^(?<name>[A-Za-z-]+): (?<value>\S.*)$/.exec(line)?.groups ?? { name: "", value: line });
  const valuesOf = (name: string): readonly string[] => fields.filter((field) => field["name"] === name).map((field) => field["value"] ?? "");
  const problems: string[] = [];
  for (const field of fields) if (field["name"] === "") problems.push(`"${field["value"] ?? ""}" is no field`);
  const contacts = valuesOf("Contact");
  if (contacts.length === 0) problems.push("it has no Contact");
  for (const value of [...contacts, ...valuesOf("Policy")])
    if (!/^(?:https:\/\/|mailto:|tel:)\S+$/.test(value)) problems.push(`${value} is no address that can be used`);
  if (valuesOf("Policy").length === 0) problems.push("it has no Policy");
  if (valuesOf("Preferred-Languages").length !== 1) problems.push("it must have one Preferred-Languages");
  const expires = valuesOf("Expires");
  const until = Date.parse(expires[0] ?? "");
  if (expires.length !== 1 || Number.isNaN(until)) problems.push("it must have one Expires, a time as RFC 3339 has it");
  else if (until <= now) problems.push(`it has expired on ${expires[0] ?? ""}`);
  else if (until > now + 366 * day) problems.push("it expires in more than a year: nobody would look at it again");
  return problems.map((problem) => ({ at, problem }));
}

/** Paths of which every file must have the named number of owners, at least. */
export function ownerFindings(text: string, paths: ReadonlyMap<string, number>): readonly Finding[] {
  const rules = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s+/));
  const findings: Finding[] = [];
  for (const [pattern = "", ...owners] of rules) {
    if (owners.length === 0) findings.push({ at: "CODEOWNERS", problem: `${pattern} has no owner` });
    for (const owner of owners) if (!/^@[\w-]+(?:\/[\w-]+)?$/.test(owner)) findings.push({ at: "CODEOWNERS", problem: `${owner} is no user or team` });
  }
  for (const [path, least] of paths) {
    // The last pattern that fits is the one that counts.
    const owners =
      rules.findLast(([pattern = ""]) => pattern === "*" || pattern === path || (pattern.endsWith("/") && path.startsWith(pattern)))?.slice(1) ?? [];
    if (owners.length < least) findings.push({ at: "CODEOWNERS", problem: `${path} has ${String(owners.length)} owners, ${String(least)} are needed` });
  }
  return findings;
}

/** Dates in a document that are older than `days`, or in the future: `Reviewed: 2026-11-30`, `checked 2026-11-30`. None at all is a finding. */
export function dateFindings(at: string, text: string, now: number, days: number): readonly Finding[] {
  const dates = [...text.matchAll(/\b(?:reviewed|checked):? (?<date>\d{4}-\d{2}-\d{2})\b/gi)].map(({ groups }) => groups?.["date"] ?? "");
  if (dates.length === 0) return [{ at, problem: "it does not say when it was looked at" }];
  return dates.flatMap((date) => {
    const age = now - Date.parse(`${date}T00:00:00Z`);
    if (age < 0) return [{ at, problem: `${date} is in the future` }];
    return age > days * day ? [{ at, problem: `it was looked at on ${date}, more than ${String(days)} days ago` }] : [];
  });
}
