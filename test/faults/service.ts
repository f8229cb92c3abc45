/** An application that runs until SIGTERM, then closes and ends by itself: nothing may keep it. Usage: service.ts <file> <grace> */
import { setTimeout as wait } from "node:timers/promises";
import { defineApp, defineEvent, defineHandler, defineTable } from "pulsequeue";
import { openLocal } from "pulsequeue/local";
import { z } from "zod";

const given = defineEvent("work.given", { schema: z.object({ milliseconds: z.int() }) });
const done = defineTable("done", { schema: z.object({ id: z.string(), attempt: z.int(), times: z.int() }), key: "id" });
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const work = defineHandler("work", {
  on: given,
  writes: [done],
  concurrency: 4,
  async handle({ id, data }, ctx) {
    say(`started ${id} ${String(ctx.attempt)}`);
    await wait(data.milliseconds, undefined, { ref: false });
    const before = await ctx.tables.done.get(id);
    ctx.tables.done.put({ id, attempt: ctx.attempt, times: (before?.times ?? 0) + 1 });
  },
});

const [file = "", grace = "10s", ...waits] = process.argv.slice(2);
const queue = await openLocal(defineApp("service", { handlers: [work] }), { file, grace: grace as "10s" });
process.once("SIGTERM", () => {
  say("stopping");
  queue.close().then(
    () => say("closed"),
    (error: unknown) => say(`error ${String(error)}`),
  );
});
// Keeps the process alive until it is told to stop, and no longer.
const alive = setInterval(() => undefined, 60_000);
process.once("SIGTERM", () => {
  clearInterval(alive);
});
for (const milliseconds of waits) say(`given ${(await queue.publish(given, { milliseconds: Number(milliseconds) })).id}`);
await queue.start();
say("running");
for (const { id, attempt, times } of await queue.inspect.table(done).all()) say(`row ${id} ${String(attempt)} ${String(times)}`);
