import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { createProject, orderApp, type Project } from "../support/cli.ts";

vi.setConfig({ testTimeout: 120_000 }); // each test starts processes

let shop: Project | undefined;
afterEach(() => {
  shop?.remove();
});

const keyText = "0a".repeat(32);
const otherKey = "0b".repeat(32);
/** The order app, with the order as the subject of its personal data. */
const app = orderApp
  .replaceAll('pii: ["email"],', 'pii: ["email"],\n  subject: (order) => order.orderId,')
  .replace("quantity > 100", "quantity > 100 && data.email !== undefined");
const why = ["--reason", "ticket 17", "--by", "olga"];

function start(): Project {
  shop = createProject({ "app.ts": app, key: keyText, "new-key": otherKey });
  for (const name of ["key", "new-key"]) chmod(shop, name, 0o600);
  return shop;
}

function chmod(project: Project, name: string, mode: number): void {
  chmodSync(project.path(name), mode);
}

function storedBytes(project: Project): string {
  const folder = project.path(".pulsequeue");
  return readdirSync(folder)
    .filter((name) => !name.endsWith(".sock"))
    .map((name) => readFileSync(join(folder, name), "latin1"))
    .join("\n");
}

test("with a key file personal data is encrypted, redacted, revealed with a reason, erased by subject and kept through a rotation", async () => {
  const project = start();
  const env = { PULSEQUEUE_KEY_FILE: "key" };
  const engine = project.start(["start", "--key-file", "key"]);
  await engine.line("orders runs");
  await project.run(["emit", "order.placed", JSON.stringify({ orderId: "o-1", quantity: 1, email: "canary@example.org" }), "--id", "e-1"]);
  await project.run(["emit", "order.placed", JSON.stringify({ orderId: "o-2", quantity: 1, email: "canary2@example.org" })]);
  const shown = await project.run(["events", "show", "e-1", "--json"]);
  expect(shown.json()).toMatchObject({ data: { orderId: "o-1", email: "[redacted]" } });

  expect((await project.run(["reveal", "event", "e-1"])).code).toBe(2);
  const revealed = await project.run(["reveal", "event", "e-1", ...why, "--json"]);
  expect(revealed.json()).toMatchObject({ data: { email: "canary@example.org" } });
  expect((await project.run(["reveal", "row", "orders", "o-1", ...why, "--json"])).json()).toMatchObject({ email: "canary@example.org" });
  expect((await project.run(["reveal", "row", "orders", "o-9", ...why])).code).toBe(1);

  expect((await project.run(["erase", "--subject", "o-1", ...why])).code).toBe(2); // nobody can be asked
  expect((await project.run(["erase", "--subject", "o-1", ...why, "--yes", "--json"])).json()).toEqual({ count: 1, dryRun: false });
  expect((await project.run(["reveal", "event", "e-1", ...why, "--json"])).json()).toMatchObject({ data: { email: "[erased]" } });
  expect((await project.run(["verify"])).code).toBe(0);
  expect((await engine.stop()).code).toBe(0);
  expect(storedBytes(project)).not.toContain("canary");

  expect(JSON.parse((await project.run(["events", "ls", "--json"])).stderr)).toMatchObject({ error: { code: "KEY_MISSING" } });
  expect((await project.run(["rotate-key", "new-key", ...why], { env })).stdout).toMatch(/^wrapped anew: \d+ keys\n$/);
  expect(JSON.parse((await project.run(["events", "ls", "--json"], { env })).stderr)).toMatchObject({ error: { code: "KEY_MISSING" } });
  const row = await project.run(["reveal", "row", "orders", "o-2", ...why, "--key-file", "new-key", "--json"]);
  expect(row.json()).toMatchObject({ email: "canary2@example.org" });
});

test("without a key start and doctor warn; a key file that others can read is refused", async () => {
  const project = start();
  const engine = project.start(["start"]);
  await engine.line("personal data is stored unencrypted");
  await engine.line("orders runs");
  await engine.stop();
  const doctor = await project.run(["doctor", "--json"]);
  expect((doctor.json() as { checks: unknown[] }).checks).toContainEqual(expect.objectContaining({ name: "personal data", status: "warning" }));

  chmod(project, "key", 0o644);
  const refused = await project.run(["events", "ls", "--key-file", "key", "--json"]);
  expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: "KEY_FILE_INVALID" } });
  expect(refused.stderr).not.toContain(keyText);
  const checked = await project.run(["doctor", "--key-file", "key", "--json"]);
  expect((checked.json() as { checks: unknown[] }).checks).toContainEqual(expect.objectContaining({ name: "personal data", status: "problem" }));
  expect(checked.code).toBe(3);
});

test("without a key the server does not leave the loopback interface", async () => {
  const project = start();
  const refused = await project.run(["start", "--host", "0.0.0.0", "--behind-proxy", "--json"]);
  expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: "LISTEN_REFUSED", message: expect.stringContaining("unencrypted") as unknown } });
});
