/** One data file under a program, its successor, and the program again, while events come in: nothing is lost, nothing happens twice. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { defineApp, defineEvent, defineHandler, defineTable, type App } from "pulsequeue";
import { openLocal, type LocalQueue } from "pulsequeue/local";
import { pass, virtualClock } from "pulsequeue/testing";

const first = defineEvent("order.placed", { schema: z.object({ orderId: z.string() }), key: ({ orderId }) => orderId });
const second = defineEvent("order.placed", {
  version: 2,
  schema: z.object({ orderId: z.string(), gift: z.boolean() }),
  key: ({ orderId }) => orderId,
  upcast: (data) => ({ ...z.object({ orderId: z.string() }).parse(data), gift: false }),
});
const orders = defineTable("orders", { schema: z.object({ orderId: z.string(), times: z.int(), gift: z.boolean().optional() }), key: "orderId" });
const gifts = defineTable("gifts", { schema: z.object({ orderId: z.string() }), key: "orderId" });

const before = defineApp("shop", {
  handlers: [
    defineHandler("confirm", {
      on: first,
      writes: [orders],
      async handle({ data }, ctx) {
        const known = await ctx.tables.orders.get(data.orderId);
        ctx.tables.orders.put({ orderId: data.orderId, times: (known?.times ?? 0) + 1 });
      },
    }),
  ],
});
/** The next version: a newer event, one more field in a row, one more handler and table. */
const after = defineApp("shop", {
  handlers: [
    defineHandler("confirm", {
      on: second,
      writes: [orders],
      async handle({ data }, ctx) {
        const known = await ctx.tables.orders.get(data.orderId);
        ctx.tables.orders.put({ orderId: data.orderId, times: (known?.times ?? 0) + 1, gift: data.gift });
      },
    }),
    defineHandler("wrap", {
      on: second,
      writes: [gifts],
      handle({ data }, ctx) {
        if (data.gift) ctx.tables.gifts.put({ orderId: data.orderId });
      },
    }),
  ],
});

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pulsequeue-rollback-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("N, N+1, N and N+1 again, with orders before and after each change: every order is confirmed exactly once", async () => {
  const clock = virtualClock();
  const published: string[] = [];
  /** One life of `app` on the file: some orders are handled in it, some are left to whoever comes next. */
  const live = async (app: App, publish: (queue: LocalQueue, orderId: string) => Promise<unknown>, name: string): Promise<void> => {
    const queue = await openLocal(app, { file: join(folder, "shop.db"), clock });
    const send = async (orderId: string): Promise<void> => {
      published.push(orderId);
      await publish(queue, orderId);
    };
    await queue.start();
    for (let index = 0; index < 10; index += 1) await send(`${name}-${String(index)}`);
    await pass(clock, "10m");
    await send(`${name}-late-0`);
    await send(`${name}-late-1`);
    await queue.close();
  };
  const old = (queue: LocalQueue, orderId: string): Promise<unknown> => queue.publish(first, { orderId });
  const young = (queue: LocalQueue, orderId: string): Promise<unknown> => queue.publish(second, { orderId, gift: true });

  await live(before, old, "n");
  await live(after, young, "next");
  await live(before, old, "back");
  const queue = await openLocal(before, { file: join(folder, "shop.db"), clock });
  await queue.start();
  await pass(clock, "1h");
  // What only the newer program knows waits for it, and has used no attempt.
  const waiting = await queue.inspect.deliveries({ handler: "confirm", limit: 100 });
  expect(waiting.map(({ state, attempts, failure }) => `${state} ${attempts} ${failure?.code ?? ""}`)).toEqual(
    waiting.map(() => "scheduled 0 VERSION_UNKNOWN"),
  );
  expect(waiting.map(({ key }) => key)).toContain("next-late-1");
  await queue.close();
  await live(after, young, "again");

  const last = await openLocal(after, { file: join(folder, "shop.db"), clock });
  await last.start();
  await pass(clock, "10m");
  const rows = await last.inspect.table(orders).all();
  expect(rows.map(({ orderId }) => orderId).sort()).toEqual([...published].sort());
  expect(rows.filter(({ times }) => times !== 1)).toEqual([]);
  expect(await last.inspect.deadLetters()).toEqual([]);
  expect(await last.inspect.deliveries({ state: "ready" })).toEqual([]);
  expect((await last.inspect.table(gifts).all()).map(({ orderId }) => orderId).sort()).toEqual(published.filter((id) => /^(?:next|again)/.test(id)).sort());
  expect((await last.verify()).problems).toEqual([]);
  await last.close();
});
