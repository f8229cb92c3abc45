/** Whether a workflow runs only code that was looked at: a tag can be moved to other code, a commit and a digest cannot. */
import type { Finding } from "./finding.ts";

/** Whose actions may run. Another owner is a decision. */
export const trustedOwners = ["actions", "aws-actions", "github", "hashicorp"];

/** `uses:` needs a commit with the version beside it, a container image its digest. Read from the text, since a parsed file has no comments. */
export function pinFindings(path: string, text: string): readonly Finding[] {
  return text.split("\n").flatMap((line, index) => {
    const at = `${path}:${String(index + 1)}`;
    return [...usesFindings(line), ...imageFindings(line)].map((problem) => ({ at, problem }));
  });
}

function usesFindings(line: string): readonly string[] {
  const found = /^\s*(?:-\s+)?uses:\s*(?<target>\S+)(?<rest>\s.*)?$/.exec(line)?.groups;
  const target = (found?.["target"] ?? "").replaceAll(/["']/g, "");
  if (target === "" || target.startsWith("./")) return [];
  if (target.startsWith("docker://")) return /@sha256:[0-9a-f]{64}$/.test(target) ? [] : [`image ${target} has no digest`];
  const [name = "", reference = ""] = target.split("@");
  const owner = name.split("/")[0] ?? "";
  const problems: string[] = [];
  if (!trustedOwners.includes(owner)) problems.push(`action ${name}: its owner is not trusted`);
  if (!/^[0-9a-f]{40}$/.test(reference)) problems.push(`action ${name} is not pinned to a commit`);
  if (!/^\s+# v\d+\.\d+\.\d+$/.test(found?.["rest"] ?? "")) problems.push(`action ${name} does not say which version its commit is`);
  return problems;
}

/** Image names, where a line speaks of containers: `image:`, `docker run`, and a variable whose name a run takes. */
function imageFindings(line: string): readonly string[] {
  const named = /^\s*(?:image|container|[A-Z_]+):\s*["']?(?<image>[\w.-]+(?:\/[\w.-]+)+[:@][\w.:@-]+)["']?\s*$/.exec(line)?.groups?.["image"];
  const run = /\bdocker (?:run|pull)\b.*?\s(?<image>[\w.-]+(?:\/[\w.-]+)+(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?)(?:\s|$)/.exec(line)?.groups?.["image"];
  return [named, run].flatMap((image) => (image === undefined || /@sha256:[0-9a-f]{64}$/.test(image) ? [] : [`image ${image} has no digest`]));
}

/** The same action at two commits, or one commit under two versions: one of them was forgotten, or lies. */
export function pinDisagreements(texts: ReadonlyMap<string, string>): readonly Finding[] {
  const known = new Map<string, string>();
  const findings: Finding[] = [];
  for (const [path, text] of texts) {
    for (const { groups } of text.matchAll(/uses:\s*(?<name>[^@\s]+)@(?<pin>\S+ # \S+)/g)) {
      const [owner = "", repository = ""] = (groups?.["name"] ?? "").split("/");
      const action = `${owner}/${repository}`;
      const pin = groups?.["pin"] ?? "";
      const first = known.get(action) ?? pin;
      known.set(action, first);
      if (first !== pin) findings.push({ at: path, problem: `action ${action} is ${pin} here and ${first} elsewhere` });
    }
  }
  return findings;
}
