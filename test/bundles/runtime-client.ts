/** AWS's own runtime client, which the folder client has a package for: it is compiled when it is installed, and needs more than the rest of the project. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installed } from "../../bench/src/servers/debian.ts";

const folder = fileURLToPath(new URL("client/", import.meta.url));
const client = join(folder, "node_modules/aws-lambda-ric/index.mjs");

/** Programs that compile it, each with the Debian package that has it. */
const programs = [
  ["autoreconf", "autoconf"],
  ["automake", "automake"],
  ["libtoolize", "libtool"],
  ["cmake", "cmake"],
  ["make", "make"],
  ["g++", "g++"],
] as const;

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Path of the client's program; installs it where it is not there. Throws, with the reason, where that is not possible. */
export function runtimeClient(): string {
  const read = (path: string): Manifest => JSON.parse(readFileSync(join(folder, path), "utf8")) as Manifest;
  const wanted = read("package.json").dependencies?.["aws-lambda-ric"];
  const isThere = existsSync(join(folder, "node_modules/aws-lambda-ric/rapid-client.node"));
  if (isThere && read("node_modules/aws-lambda-ric/package.json").version === wanted) return client;
  for (const [program, debianPackage] of programs) installed(program, debianPackage, () => []);
  process.stderr.write("installing and compiling the runtime client\n");
  const { status, stderr } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`the runtime client could not be installed: ${stderr.trim().split("\n").at(-1) ?? ""}`);
  return client;
}
