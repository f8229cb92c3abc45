// Lets Prometheus' own `promtool check metrics` read what the order pipeline exposes. Takes promtool from the path, else from
// Debian's package `prometheus`, unpacked into a temporary folder.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { openLocal } from "pulsequeue/local";
import app from "../examples/order-pipeline/app.ts";
import { createMetrics } from "pulsequeue/observe";

const folder = mkdtempSync(join(tmpdir(), "pulsequeue-promtool-"));
try {
  process.exitCode = check(await exposition());
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** One fact of each kind has happened, so that no metric is without a sample. */
async function exposition(): Promise<string> {
  const queue = await openLocal(app, { file: ":memory:", secrets: () => "a value" });
  const { topology } = app;
  const metrics = createMetrics({
    topology,
    handlers: () => queue.inspect.handlers(),
    auditChain: async () => (await queue.ledger.verify()).ok,
    monotonic: () => performance.now(),
  });
  metrics.observe({ type: "request", route: "/orders/:id", method: "GET", status: 200, milliseconds: 3 });
  const { text } = await metrics.scrape();
  await queue.close();
  return text;
}

function check(text: string): number {
  const { status, stdout, stderr } = spawnSync(promtool(), ["check", "metrics"], { input: text, encoding: "utf8" });
  const remarks = `${stdout}${stderr}`.trim();
  const isClean = status === 0 && remarks === "";
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
  process.stdout.write(`${remarks === "" ? "" : `${remarks}\n`}promtool check metrics: ${isClean ? "clean" : "not clean"}, ${String(lines)} samples\n`);
  return isClean ? 0 : 1;
}

function promtool(): string {
  if (spawnSync("promtool", ["--version"]).status === 0) return "promtool";
  execFileSync("apt-get", ["download", "-qq", "prometheus"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  const [file = ""] = readdirSync(folder).filter((name) => name.endsWith(".deb"));
  execFileSync("dpkg-deb", ["-x", join(folder, file), folder]);
  return join(folder, "usr/bin/promtool");
}
