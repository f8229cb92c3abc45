import { spawnSync } from "node:child_process";
import { accessSync, constants, readdirSync } from "node:fs";
import { join } from "node:path";

/** Where the programs of a server are. */
export interface Programs {
  /** Folder of its programs. */
  readonly folder: string;
}

let updated = false;

/** The folder that holds `program`; installs the Debian package where there is none. Throws where that is not possible. */
export function installed(program: string, debianPackage: string, folders: () => readonly string[]): Programs {
  const found = (): string | undefined => [...folders(), ...(process.env["PATH"] ?? "").split(":")].find((folder) => isProgram(join(folder, program)));
  const before = found();
  if (before !== undefined) return { folder: before };
  install(debianPackage);
  const after = found();
  if (after === undefined) throw new Error(`${debianPackage} was installed, but holds no ${program}`);
  return { folder: after };
}

/** Folders of the installed PostgreSQL versions, the newest first. */
export function postgresFolders(): readonly string[] {
  const root = "/usr/lib/postgresql";
  try {
    const versions = readdirSync(root).sort((left, right) => Number(right) - Number(left));
    return versions.map((version) => join(root, version, "bin"));
  } catch {
    return [];
  }
}

function install(debianPackage: string): void {
  const problem = `${debianPackage} is not installed`;
  if (process.getuid?.() !== 0) throw new Error(`${problem}: run "apt-get install ${debianPackage}" as root, or this as root`);
  process.stderr.write(`${problem}: installing it\n`);
  if (!updated) aptGet("update");
  updated = true;
  aptGet("install", "--yes", "--no-install-recommends", debianPackage);
}

function aptGet(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync("apt-get", ["-q", ...args], { encoding: "utf8", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  if (error !== undefined) throw new Error(`apt-get cannot be run: install ${args.at(-1) ?? ""} by your system's means`, { cause: error });
  if (status !== 0) throw new Error(`apt-get ${args.join(" ")} failed: ${stderr.trim().split("\n").at(-1) ?? ""}`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
