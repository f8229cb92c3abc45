import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Path of `prometheus` or `promtool`: of this machine, else of Debian's package, unpacked into `folder` without installing it. */
export function prometheusBinary(name: "prometheus" | "promtool", folder: string): string {
  if (spawnSync(name, ["--version"]).status === 0) return name;
  const packages = (): readonly string[] => readdirSync(folder).filter((file) => file.endsWith(".deb"));
  if (packages().length === 0) execFileSync("apt-get", ["download", "-qq", "prometheus"], { cwd: folder, stdio: "ignore" });
  const [file = ""] = packages();
  execFileSync("dpkg-deb", ["-x", join(folder, file), folder]);
  return join(folder, "usr/bin", name);
}
