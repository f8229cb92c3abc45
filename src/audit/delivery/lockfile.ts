/** Whether an install takes exactly what was reviewed, from the registry alone, and runs nothing of it that was not agreed to. */
import { isRecord, recordOf, textOf, type Finding } from "./finding.ts";

export const registry = "https://registry.npmjs.org/";

/** A name and a place that is not the registry: git, an address, a file, `owner/repository`. */
const elsewhere = /^(?:git\b|https?:|file:|link:|github:|gitlab:|bitbucket:|gist:|[\w.-]+\/[\w.-]+(?:#|$))/;

/**
 * `lock` and `manifest` are the parsed package-lock.json and package.json. A package without an address is taken from the configured
 * registry; what its content must be is said by its hash alone.
 */
export function lockfileFindings(lock: unknown, manifest: unknown, path = "package-lock.json"): readonly Finding[] {
  const { lockfileVersion, packages } = recordOf(lock);
  if (lockfileVersion !== 3 || !isRecord(packages)) return [{ at: path, problem: "it is no lockfile of version 3" }];
  const allowed = recordOf(recordOf(manifest)["allowScripts"]);
  const findings: Finding[] = [];
  const add = (at: string, problem: string): void => void findings.push({ at: `${path}, ${at === "" ? "the project" : at}`, problem });
  const needing = new Set<string>();
  for (const [at, value] of Object.entries(packages)) {
    const entry = recordOf(value);
    for (const field of ["dependencies", "devDependencies", "optionalDependencies"]) {
      for (const [name, range] of Object.entries(recordOf(entry[field]))) if (elsewhere.test(String(range))) add(at, `${name} comes from ${String(range)}`);
    }
    if (at === "") continue;
    if (entry["link"] === true || !at.includes("node_modules/")) continue; // a workspace: it is in this repository
    const name = nameOf(at);
    if (typeof entry["integrity"] !== "string" || !/^sha512-[A-Za-z\d+/]{86}==$/.test(entry["integrity"])) add(at, "it has no sha512 hash");
    const resolved = textOf(entry["resolved"]);
    if (resolved !== "" && !resolved.startsWith(registry)) add(at, `it comes from ${resolved}`);
    if (entry["hasInstallScript"] === true) needing.add(name);
  }
  for (const name of needing)
    if (typeof allowed[name] !== "boolean") add(name, "it has an install script that allowScripts in package.json neither allows nor refuses");
  for (const name of Object.keys(allowed)) if (!needing.has(name)) add(name, "allowScripts names it, but no such package has an install script");
  return findings;
}

/** Whether the providers of a Terraform root module are locked by hash; `undefined`: the file is not there. */
export function providerFindings(at: string, text: string | undefined): readonly Finding[] {
  const providers = [...(text ?? "").matchAll(/^provider "(?<name>[^"]+)" \{(?<body>[^}]*)\}/gm)];
  if (providers.length === 0) return [{ at, problem: "it locks no provider: commit what `terraform init` writes" }];
  return providers
    .filter(({ groups }) => !/version\s+= "\d+\.\d+\.\d+"/.test(groups?.["body"] ?? "") || !/"(?:h1|zh):[\w+/=]{40,}"/.test(groups?.["body"] ?? ""))
    .map(({ groups }) => ({ at, problem: `${groups?.["name"] ?? ""} has no version or no hash` }));
}

/** npm's hash of every package that an installation of the product brings, by `name@version`: without what only development needs. */
export function runtimePackages(lock: unknown): ReadonlyMap<string, string> {
  const entries = Object.entries(recordOf(recordOf(lock)["packages"])).flatMap(([at, value]) => {
    const entry = recordOf(value);
    const isOurs = at.includes("node_modules/") && entry["link"] !== true && entry["dev"] !== true && entry["devOptional"] !== true && entry["peer"] !== true;
    const name = typeof entry["name"] === "string" ? entry["name"] : nameOf(at);
    return isOurs ? [[`${name}@${String(entry["version"])}`, String(entry["integrity"])] as const] : [];
  });
  return new Map(entries);
}

function nameOf(at: string): string {
  return at.slice(at.lastIndexOf("node_modules/") + "node_modules/".length);
}
