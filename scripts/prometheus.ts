import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

type Program = "prometheus" | "promtool";

/** There is no Prometheus on this machine, and none can be had. */
export class NoPrometheus extends Error {
  override readonly name = "NoPrometheus";
}

/**
 * Path of `prometheus` or `promtool`: of this machine, else of Debian's package, which apt fetches and which is unpacked into
 * `folder` and not installed, so that no service of it starts. Throws `NoPrometheus` where apt cannot.
 */
export function prometheusBinary(name: Program, folder: string): string {
  if (spawnSync(name, ["--version"]).status === 0) return name;
  const packages = (): readonly string[] => readdirSync(folder).filter((file) => file.endsWith(".deb"));
  if (packages().length === 0) download(folder);
  const [file = ""] = packages();
  execFileSync("dpkg-deb", ["-x", join(folder, file), folder]);
  return join(folder, "usr/bin", name);
}

/** A fresh machine has no lists of packages yet, and only root may fetch them. */
function download(cwd: string): void {
  const run = (command: string, ...args: readonly string[]): string | undefined => {
    const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", timeout: 120_000 });
    return status === 0 ? undefined : (error?.message ?? `${command}: ${stderr.trim().split("\n").at(-1) ?? ""}`);
  };
  const fetch = (): string | undefined => run("apt-get", "download", "-qq", "prometheus");
  const first = fetch();
  if (first === undefined) return;
  const update = process.getuid?.() === 0 ? run("apt-get", "update", "-qq") : run("sudo", "-n", "apt-get", "update", "-qq");
  const second = update ?? fetch();
  if (second !== undefined) throw new NoPrometheus(`apt has no prometheus: ${first}; ${second}`);
}
