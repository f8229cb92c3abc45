import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { defineApp, defineEvent, defineHandler, defineTable } from "pulsequeue";
import { openLocal } from "pulsequeue/local";
import { drain, settle, virtualClock } from "pulsequeue/testing";
import { z } from "zod";
import { testFolder } from "../../../test/faults/folder.ts";
import { startChild } from "../../../test/faults/process.ts";
import { until } from "../../../test/support/until.ts";

const given = defineEvent("work.given", { schema: z.object({ name: z.string() }) });
const done = defineTable("done", { schema: z.object({ id: z.string(), attempt: z.int(), times: z.int() }), key: "id" });

/** A handler that waits until it is let go, and is told when it is stopped. */
function gatedApp() {
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const started: string[] = [];
  const stopped: string[] = [];
  const work = defineHandler("work", {
    on: given,
    writes: [done],
    concurrency: 2,
    async handle({ id, data }, ctx) {
      started.push(`${data.name} ${ctx.attempt}`);
      ctx.signal.addEventListener("abort", () => stopped.push(data.name));
      await gate;
      const before = await ctx.tables.done.get(id);
      ctx.tables.done.put({ id, attempt: ctx.attempt, times: (before?.times ?? 0) + 1 });
    },
  });
  return { app: defineApp("gated", { handlers: [work] }), open: () => open(), started, stopped };
}

describe("close", () => {
  test("with nothing running leaves one clean file, also when it is asked for twice and never started", async () => {
    const folder = testFolder();
    const { app } = gatedApp();
    const queue = await openLocal(app, { file: join(folder, "app.db") });
    await queue.publish(given, { name: "a" });
    const [first, second] = [queue.close(), queue.close()];
    await first;
    await second;
    await queue.close();
    expect(readdirSync(folder).sort()).toEqual(["app.db", "app.db-lock"]);
    const again = await openLocal(app, { file: join(folder, "app.db") });
    expect(await again.facts()).toMatchObject({ head: 1, afterCrash: false });
    await again.close();
  });

  test("answers everything asked afterwards with QUEUE_CLOSED", async () => {
    const { app } = gatedApp();
    const queue = await openLocal(app, { file: ":memory:" });
    const table = queue.inspect.table(done);
    const closing = queue.close();
    const asked = [
      () => queue.publish(given, { name: "a" }),
      () => queue.publishMany(given, [{ name: "a" }]),
      () => queue.start(),
      () => queue.idle(),
      () => queue.facts(),
      () => queue.verify(),
      () => queue.retain(),
      () => queue.backup(join(testFolder(), "copy.db")),
      () => queue.inspect.events(),
      () => queue.inspect.deliveries(),
      () => queue.inspect.handlers(),
      () => table.all(),
      () => queue.operate.pause("work", { reason: "no" }),
      () => queue.operate.redrive({ all: true }, { reason: "no" }),
    ];
    for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: "QUEUE_CLOSED" });
    await closing;
    for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: "QUEUE_CLOSED" });
  });

  test("waits for what runs, and starts nothing more", async () => {
    const clock = virtualClock();
    const { app, open, started } = gatedApp();
    const file = join(testFolder(), "app.db");
    const queue = await openLocal(app, { file, clock, grace: "10s" });
    await queue.publishMany(given, [{ name: "a" }]);
    await queue.start();
    await until(() => started.length === 1);
    await queue.publish(given, { name: "b" });
    const closing = queue.close();
    open();
    await drain(clock);
    await closing;
    const again = await openLocal(app, { file, clock });
    const rows = await again.inspect.table(done).all();
    expect(rows.map((row) => row.attempt)).toEqual(rows.map(() => 1));
    expect(rows.length).toBe(new Set(started).size);
    await again.start();
    await settle(again, clock);
    expect((await again.inspect.table(done).all()).map((row) => row.times)).toEqual([1, 1]);
    await again.close();
  });

  test("stops a handler that takes longer than the grace time; its delivery is returned without an attempt", async () => {
    const clock = virtualClock();
    const { app, open, started, stopped } = gatedApp();
    const file = join(testFolder(), "app.db");
    const queue = await openLocal(app, { file, clock, grace: "10s" });
    const { id } = await queue.publish(given, { name: "slow" });
    await queue.start();
    await until(() => started.length === 1);
    const closing = queue.close();
    await drain(clock);
    clock.advance("9s");
    await drain(clock);
    expect(stopped).toEqual([]);
    clock.advance("1s");
    await drain(clock);
    await closing;
    expect(stopped).toEqual(["slow"]);
    open(); // it goes on to no effect: its context has ended
    const again = await openLocal(app, { file, clock });
    expect(await again.inspect.deliveries({ eventId: id })).toMatchObject([{ state: "ready", attempts: 0 }]);
    expect(await again.facts()).toMatchObject({ afterCrash: false });
    await again.start();
    await settle(again, clock);
    expect(started).toEqual(["slow 1", "slow 1"]);
    expect(await again.inspect.table(done).all()).toMatchObject([{ attempt: 1, times: 1 }]);
    await again.close();
  });

  test("commits or refuses every publish that is under way", async () => {
    const { app } = gatedApp();
    const file = join(testFolder(), "app.db");
    const queue = await openLocal(app, { file });
    const before = Array.from({ length: 20 }, () => queue.publish(given, { name: "before" }));
    const closing = queue.close();
    const answers = await Promise.allSettled(before);
    await closing;
    const accepted = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.id] : []));
    for (const answer of answers) if (answer.status === "rejected") expect(answer.reason).toMatchObject({ code: "QUEUE_CLOSED" });
    const again = await openLocal(app, { file });
    expect((await again.inspect.events()).map((event) => event.id).sort()).toEqual(accepted.sort());
    await again.close();
  });
});

describe("SIGTERM to a process that closes its queue", () => {
  const ids = (lines: readonly string[], verb: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${verb} `)).map((line) => line.split(" ")[1] ?? "");

  test("lets what runs end, and the process ends by itself with exit code 0", async () => {
    const file = join(testFolder(), "app.db");
    const service = startChild("service.ts", file, "10s", "150", "150");
    await service.line("started");
    service.process.kill("SIGTERM");
    expect(await service.ended).toBe(0);
    expect(service.lines.at(-1)).toBe("closed");
    const next = startChild("service.ts", file, "10s");
    await next.line("running");
    const finished = ids(service.lines, "started");
    await next.line(`row ${finished[0] ?? ""} 1 1`);
    next.process.kill("SIGTERM");
    expect(await next.ended).toBe(0);
  });

  test("returns what takes longer than the grace time without counting an attempt, whatever the signal comes upon", async () => {
    const file = join(testFolder(), "app.db");
    const service = startChild("service.ts", file, "50ms", "60000");
    const started = await service.line("started");
    service.process.kill("SIGTERM");
    expect(await service.ended).toBe(0);
    const next = startChild("service.ts", file, "50ms");
    expect(await next.line("started")).toBe(started);
    expect(started).toMatch(/ 1$/);
    next.process.kill("SIGTERM");
    expect(await next.ended).toBe(0);
    expect(next.lines.at(-1)).toBe("closed");
  });
});
