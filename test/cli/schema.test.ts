import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createProject, orderApp } from "../support/cli.ts";

vi.setConfig({ testTimeout: 120_000 }); // each test starts several processes

const project = createProject({});
afterAll(() => {
  project.remove();
});
const contract = project.path("pulsequeue.contract.json");
const valibot = orderApp
  .replace('import { z } from "zod";', 'import { z } from "zod";\nimport * as v from "valibot";')
  .replace("z.object({ orderId: z.string() })", "v.object({ orderId: v.string() })");

beforeEach(() => {
  project.write("app.ts", orderApp);
});

describe("schema", () => {
  test("snapshot writes the contract, check keeps the app to it, and each break says what to do", async () => {
    const missing = await project.run(["schema", "check"]);
    expect(missing.stderr).toContain("error FILE_MISSING There is no contract pulsequeue.contract.json");
    expect(missing.code).toBe(1);
    const dry = await project.run(["schema", "snapshot", "--dry-run"]);
    expect(dry.stdout).toBe("would write pulsequeue.contract.json: 2 events, 2 tables\n");
    expect(existsSync(contract)).toBe(false);
    expect((await project.run(["schema", "snapshot"])).stdout).toBe("wrote pulsequeue.contract.json: 2 events, 2 tables\n");
    const [kept, again] = await Promise.all([project.run(["schema", "check"]), project.run(["schema", "snapshot"])]);
    expect(kept).toMatchObject({ code: 0, stdout: "pulsequeue.contract.json is kept\n" });
    expect(again.stdout).toBe("pulsequeue.contract.json is current: 2 events, 2 tables\n");

    project.write(
      "app.ts",
      orderApp.replace("quantity: z.int().positive()", "quantity: z.int().positive().max(9), note: z.string()").replace('key: "orderId"', 'key: "quantity"'),
    );
    const before = readFileSync(contract, "utf8");
    const [broken, json, refused] = await Promise.all([
      project.run(["schema", "check"]),
      project.run(["schema", "check", "--json"]),
      project.run(["schema", "snapshot"]),
    ]);
    expect(broken.stdout.split("\n").slice(0, 4)).toEqual([
      "pulsequeue.contract.json is broken in 3 places:",
      "  event order.placed version 1 at note: it is now required",
      "    what to do: Undo the change, or raise the event's version to 2 and give it an `upcast` from version 1.",
      "  event order.placed version 1 at quantity: larger numbers were accepted before",
    ]);
    expect(broken.stdout).toContain("table orders: its key changed from orderId to quantity, so no stored row is found");
    expect([broken.code, json.code, refused.code]).toEqual([3, 3, 3]);
    expect(json.json()).toMatchObject({ ok: false, breaks: [{ path: "note" }, { path: "quantity" }, { subject: "table orders" }] });
    expect(refused.stdout).toContain("was not written");
    expect(readFileSync(contract, "utf8")).toBe(before);
    expect((await project.run(["schema", "snapshot", "--accept-breaks"])).code).toBe(0);
    expect((await project.run(["schema", "check"])).code).toBe(0);
  });

  test("what cannot be compared is named; a contract that is none is refused", async () => {
    project.write("app.ts", valibot);
    project.write("odd.json", "{ not json");
    project.write("newer.json", '{ "contract": 2 }');
    const [snapshot, odd, newer] = await Promise.all([
      project.run(["schema", "snapshot", "--contract", "valibot.json"]),
      project.run(["schema", "check", "--contract", "odd.json", "--json"]),
      project.run(["schema", "check", "--contract", "newer.json", "--json"]),
    ]);
    expect(snapshot.stdout).toContain("not checked: event order.confirmed, since valibot gives no JSON Schema for it");
    expect(snapshot.code).toBe(0);
    for (const answer of [odd, newer]) {
      expect(JSON.parse(answer.stderr)).toMatchObject({ error: { code: "CONTRACT_UNREADABLE" } });
      expect(answer.code).toBe(1);
    }
  });
});
