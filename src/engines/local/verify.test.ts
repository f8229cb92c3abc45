import { expect, test } from "vitest";
import { z } from "zod";
import { defineApp, defineEvent, defineHandler, defineTable } from "pulsequeue";
import { openLocal, type LocalQueue } from "pulsequeue/local";

const counted = defineEvent("counted", { schema: z.object({ n: z.int() }) });
const numbers = defineTable("numbers", { schema: z.object({ n: z.int() }), key: "n" });
const keep = defineHandler("keep", { on: counted, writes: [numbers], handle: ({ data }, ctx) => ctx.tables.numbers.put({ n: data.n }) });
const app = defineApp("shop", { handlers: [keep] });

const events = 5_000;

async function open(): Promise<LocalQueue> {
  const queue = await openLocal(app, { file: ":memory:" });
  await queue.publishMany(
    counted,
    Array.from({ length: events }, (_, n) => ({ n })),
  );
  return queue;
}

test("while a live engine is verified it accepts, handles and removes events, which are no problems", async () => {
  const queue = await open();
  await queue.start();
  const told: string[] = [];
  const verified = queue.verify().then((report) => {
    told.push("verified");
    return report;
  });
  for (let n = 0; n < 5; n += 1) {
    await queue.publish(counted, { n: events + n });
    told.push("published");
    await queue.retain();
  }
  const report = await verified;
  expect(report).toMatchObject({ ok: true, problems: [] });
  expect(report.events).toBeGreaterThanOrEqual(events);
  expect(told.indexOf("verified")).toBeGreaterThan(1);
  await queue.idle();
  expect(await queue.verify()).toEqual({ ok: true, events: events + 5, problems: [] });
  await queue.close();
});

test("an engine that closes meanwhile ends it, and no damage is claimed", async () => {
  const queue = await open();
  const [report] = await Promise.allSettled([queue.verify(), queue.close()]);
  expect(report).toMatchObject({ status: "rejected", reason: { code: "QUEUE_CLOSED" } });
});
