import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { expect, test, vi } from "vitest";
import { projectRoot } from "../support/tree.ts";

vi.setConfig({ testTimeout: 120_000 }); // it starts the service

test("the curl commands of the README drive the order pipeline as it is started by npm start", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-readme-"));
  const main = join(projectRoot, "examples/order-pipeline/demo/live.ts");
  const file = join(folder, ".pulsequeue/orders.db");
  const args = ["--conditions=source", "--import", "tsx", main, "--file", file, "--port", "0", "--rate", "0"];
  const service = spawn(process.execPath, args, { cwd: projectRoot, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => service.once("exit", resolve));
  try {
    let address = "";
    for await (const line of createInterface({ input: service.stdout })) {
      address = /http:\/\/([\d.:]+) answers/.exec(line)?.[1] ?? "";
      if (address !== "") break;
    }
    service.stdout.resume();
    const readme = readFileSync(join(projectRoot, "README.md"), "utf8");
    const [, commands = ""] = /### Over HTTP[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme) ?? [];
    const script = commands.replaceAll("localhost:8080", address).replaceAll("curl -s", "curl -s -w '\\n%{http_code}\\n'");
    const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], { cwd: folder });
    const answers = stdout.trim().split("\n");
    const statuses = answers.filter((line) => /^\d{3}$/.test(line));
    expect(statuses.slice(0, 7)).toEqual(["200", "202", "200", "200", "200", "200", "200"]);
    expect(["200", "202", "409"]).toContain(statuses[7]); // the payment may have won
    expect(statuses.slice(8)).toEqual(["200", "200"]);
    expect(stdout).toContain('"email":"[redacted]"');
    expect(stdout).toContain("the provider is down");
  } finally {
    service.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true });
  }
});
