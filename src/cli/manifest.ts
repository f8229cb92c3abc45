import { readFileSync } from "node:fs";

/** This package's folder: two levels above both `src/cli` and `dist/cli`. */
export const packageRoot = new URL("../../", import.meta.url);

export interface Manifest {
  readonly version: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export function readManifest(): Manifest {
  return JSON.parse(readFileSync(new URL("package.json", packageRoot), "utf8")) as Manifest;
}
