import { join } from "node:path";
import { defineApp, defineEvent, defineHandler, defineTable, type App } from "pulsequeue";
import { openLocal, type LocalQueue } from "pulsequeue/local";
import { z } from "zod";
import type { Hooks, Peer, Place, Task } from "../peer.ts";

export const ordered = defineEvent("bench.ordered", {
  schema: z.object({ orderId: z.string(), customerId: z.string(), amount: z.number(), currency: z.string(), quantity: z.int(), note: z.string() }),
  key: (data) => data.customerId,
});

const followed = defineEvent("bench.followed", {
  schema: z.object({ orderId: z.string(), customerId: z.string(), count: z.int() }),
  key: (data) => data.customerId,
});

const totals = defineTable("totals", {
  schema: z.object({ customerId: z.string(), count: z.int(), amount: z.number() }),
  key: "customerId",
});

export const pulsequeue: Peer = {
  name: "pulsequeue",
  server: undefined,
  durability: "SQLite, synchronous=FULL",
  order: "table row, follow-up and completion in one commit",
  settings: "defaults",
  async open(place, task, hooks) {
    const queue = await openQueue(place, task, hooks);
    return {
      publish: (job) => queue.publish(ordered, job),
      publishMany: (jobs) => queue.publishMany(ordered, jobs),
      start: () => queue.start(),
      idle: () => queue.idle(),
      totals: () => queue.inspect.table(totals).all(),
      close: () => queue.close(),
    };
  },
};

/** The queue of one place, each commit on disk before it is acknowledged. */
export function openQueue(place: Place, task: Task, hooks: Hooks): Promise<LocalQueue> {
  return openLocal(benchApp(task, hooks), { file: join(place.directory, `${place.name}.db`), durability: "full" });
}

/** How many deliveries may start now. */
export async function readyCount(queue: LocalQueue): Promise<number> {
  const handlers = await queue.inspect.handlers();
  return handlers.reduce((sum, handler) => sum + handler.counts.ready, 0);
}

function benchApp(task: Task, hooks: Hooks): App {
  if (task === "nothing") {
    return defineApp("bench", {
      handlers: [
        defineHandler("do-nothing", {
          on: ordered,
          handle(event) {
            hooks.handled(event.data);
          },
        }),
      ],
    });
  }
  return defineApp("bench", {
    handlers: [
      defineHandler("count-order", {
        on: ordered,
        writes: [totals],
        emits: [followed],
        async handle(event, ctx) {
          const { orderId, customerId, amount } = event.data;
          hooks.handled(event.data);
          const row = await ctx.tables.totals.get(customerId);
          const count = (row?.count ?? 0) + 1;
          ctx.tables.totals.put({ customerId, count, amount });
          ctx.emit(followed, { orderId, customerId, count });
        },
      }),
      defineHandler("consume-follow-up", {
        on: followed,
        handle(event) {
          hooks.followed(event.data);
        },
      }),
    ],
  });
}
