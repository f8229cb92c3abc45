/** A rehearsed incident: a stolen key publishes forged orders. The commands of `docs/guides/incidents.md` find, stop and mend it, in their order. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { commandsOf, wordsOf } from "../support/runbook.ts";
import { startLive, type LiveEngine } from "../support/live.ts";
import { inTerminal, type Answer } from "../support/terminal.ts";
import { projectRoot } from "../support/tree.ts";
import app, { placed } from "../support/order-app.ts";

vi.setConfig({ testTimeout: 60_000 });

const guide = readFileSync(join(projectRoot, "docs/guides/incidents.md"), "utf8");
const steps = guide.split(/^## \d\. /m).slice(1);
const values: Record<string, string> = { HANDLER: "confirm" };
let live: LiveEngine;

const run = (words: readonly string[]): Promise<Answer> =>
  inTerminal(words, { cwd: projectRoot, env: { PULSEQUEUE_APP: join(projectRoot, "test/support/order-app.ts"), PULSEQUEUE_DB: live.file } });

beforeAll(async () => {
  live = await startLive(app);
  const scope = { roles: ["publisher"], events: ["order.placed"], endpoints: [] } as const;
  const { key } = await live.queue.keys.create({ name: "shop", scope }, { reason: "the web shop" });
  values["KEY"] = key.id;
  const honest = (orderId: string): Promise<unknown> => live.queue.publish(placed, { orderId, quantity: 1 }, { principal: "key:another" });
  await honest("good-1");
  const forged = await live.queue.publish(placed, { orderId: "forged-1", quantity: 1 }, { principal: `key:${key.id}` });
  await live.queue.publish(placed, { orderId: "forged-2", quantity: 101 }, { principal: `key:${key.id}` });
  await honest("good-2");
  values["EVENT"] = forged.id;
  await live.queue.idle();
});
afterAll(async () => {
  await live.close();
});

test("the procedure has the six steps", () => {
  expect(steps.map((step) => step.split("\n")[0])).toEqual(["Detection", "Assessment", "Containment", "Eradication", "Recovery", "Lessons learned"]);
});

describe.each(steps.map((step) => [step.split("\n")[0] ?? "", commandsOf(step)] as const))("%s", (step, commands) => {
  test.each(commands)("%s", async (command) => {
    const [program, ...words] = wordsOf(command, values);
    expect(program).toBe("pulsequeue");
    const { code, stderr, stdout } = await run(words);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).not.toBe("");
  });

  test("has done what it is for", async () => {
    const [confirm] = await live.queue.inspect.handlers();
    const [key] = (await live.queue.keys.list()).filter(({ id }) => id === values["KEY"]);
    const contained = ["Containment", "Eradication"].includes(step);
    expect(confirm?.paused).toBe(contained);
    if (step === "Assessment") {
      const { keys, handlers } = await live.queue.inspect.incident({ principal: `key:${values["KEY"] ?? ""}` });
      expect([keys, handlers]).toEqual([
        ["forged-1", "forged-2"],
        ["confirm", "count"],
      ]);
    }
    if (contained) expect(key?.state).toBe("revoked");
    if (step === "Eradication") expect(await live.queue.inspect.deadLetters()).toEqual([]);
    expect((await live.queue.verify()).problems).toEqual([]);
  });
});

test("the timeline tells the story in its order, with who and why, and without an event's data", async () => {
  const answer = await run(["incident", "timeline", "--key", values["KEY"] ?? "", "--json"]);
  const moments = answer.json() as readonly { readonly time: string; readonly kind: string; readonly what: string; readonly reason?: string }[];
  expect(moments.map(({ time }) => time)).toEqual(moments.map(({ time }) => time).sort());
  expect(moments.filter(({ kind }) => kind === "event").map(({ what }) => what.split(" ")[0])).toEqual(
    ["order.placed", "order.confirmed", "order.placed"].sort().reverse(),
  );
  const acts = moments.filter(({ kind }) => kind === "ledger").map(({ what, reason }) => `${what.split(" ")[0] ?? ""}: ${reason ?? ""}`);
  expect(acts).toEqual(["contain: key found in a public repository", "key-create: replaces the stolen key", "discard: forged", "resume: the cause is removed"]);
  expect(answer.stdout).not.toContain("forged-1");
});
