/** Whether a CycloneDX document tells of exactly the packages that are locked, with their hashes. */
import { listOf, recordOf, textOf, type Finding } from "./finding.ts";

/** `locked`: npm's integrity (`sha512-…`) of each `name@version`. */
export function sbomFindings(document: unknown, locked: ReadonlyMap<string, string>): readonly Finding[] {
  const { bomFormat, specVersion, components } = recordOf(document);
  if (bomFormat !== "CycloneDX" || typeof specVersion !== "string") return [{ at: "SBOM", problem: "it is no CycloneDX document" }];
  const told = new Map(listOf(components).map((component) => [nameOf(recordOf(component)), hashOf(recordOf(component))]));
  const missing = [...locked.keys()].filter((name) => !told.has(name)).map((name) => `${name} is locked and not told of`);
  const other = [...told].flatMap(([name, hash]) => {
    const wanted = locked.get(name);
    if (wanted === undefined) return [`${name} is told of and not locked`];
    return wanted === hash ? [] : [`${name} has another hash than the lockfile`];
  });
  return [...missing, ...other].map((problem) => ({ at: "SBOM", problem }));
}

function nameOf({ group, name, version }: Readonly<Record<string, unknown>>): string {
  return `${typeof group === "string" && group !== "" ? `${group}/` : ""}${String(name)}@${String(version)}`;
}

/** The hash as npm writes it. */
function hashOf({ hashes }: Readonly<Record<string, unknown>>): string {
  const found = listOf(hashes)
    .map(recordOf)
    .find(({ alg }) => alg === "SHA-512");
  return `sha512-${Buffer.from(textOf(found?.["content"]), "hex").toString("base64")}`;
}
