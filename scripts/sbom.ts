// Prints the software bill of materials of a release, CycloneDX: what an installation of the product brings, and nothing else.
// `npm sbom --omit dev` would leave out what both need (npm 11.19: esbuild and all of its binaries); so npm tells of everything, and
// what is locked for development only is taken out here.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runtimePackages } from "../src/audit/delivery/lockfile.ts";

interface Bom {
  readonly metadata: { readonly component: Readonly<Record<string, unknown>> & { readonly "bom-ref": string } };
  readonly components: readonly { readonly "bom-ref": string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const root = fileURLToPath(new URL("../", import.meta.url));

export function releaseBom(): Bom {
  const kept = runtimePackages(JSON.parse(readFileSync(`${root}package-lock.json`, "utf8")));
  const text = execFileSync("npm", ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx", "--sbom-type", "library"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const all = JSON.parse(text) as Bom;
  const own = all.metadata.component["bom-ref"];
  return {
    ...all,
    metadata: { ...all.metadata, component: { ...all.metadata.component, name: "pulsequeue" } }, // npm takes the folder's name
    components: all.components.filter((component) => kept.has(component["bom-ref"])),
    dependencies: all.dependencies
      .filter(({ ref }) => ref === own || kept.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((name) => kept.has(name)) })),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${JSON.stringify(releaseBom(), undefined, 2)}\n`);
