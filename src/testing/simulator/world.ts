/** The application under simulation: every kind of handler, over tables whose rows tell afterwards what really happened. */
import { defineApp, type App } from "../../core/app.ts";
import type { WritableTable } from "../../core/context.ts";
import { defineEndpoint } from "../../core/endpoint.ts";
import { defineEvent } from "../../core/event.ts";
import { defineHandler, type EventMessage } from "../../core/handler.ts";
import { defineSchedule } from "../../core/schedule.ts";
import { defineTable } from "../../core/table.ts";
import { shape } from "../contract/fixtures.ts";
import type { Behaviours, RunContext } from "./behaviour.ts";
import type { History, Run } from "./history.ts";
import type { Plan } from "./plan.ts";
import type { Provider } from "./provider.ts";

/** Units of each item in the beginning, and the price of one. */
export const stockOnHand = 6;
export const price = 10;

export const stepped = defineEvent("stepped", { schema: shape({ key: "string", n: "number" }), key: (data) => data.key });
export const pinged = defineEvent("pinged", { schema: shape({ group: "string", n: "number", batch: "string" }) });
export const placed = defineEvent("placed", { schema: shape({ order: "string", item: "string" }), key: (data) => data.order });
export const reserved = defineEvent("reserved", { schema: shape({ order: "string", item: "string" }), key: (data) => data.order });
export const settled = defineEvent("settled", { schema: shape({ order: "string", outcome: "string" }), key: (data) => data.order });

export const effects = defineTable("effects", { schema: shape({ id: "string", count: "number" }), key: "id" });
export const orders = defineTable("orders", { schema: shape({ key: "string", ids: "any" }), key: "key" });
export const stock = defineTable("stock", {
  schema: shape({ item: "string", onHand: "number", reserved: "number", sold: "number" }),
  key: "item",
  invariant: (row) => row.reserved >= 0 && row.sold >= 0 && row.reserved + row.sold <= row.onHand,
});
export const purchases = defineTable("purchases", {
  schema: shape({ id: "string", item: "string", state: "string", amount: "number" }),
  key: "id",
  indexes: { byState: "state" },
});
export const money = defineTable("money", { schema: shape({ account: "string", balance: "number" }), key: "account" });

/** Counts the effect of one delivery: read, then written, so that a lost or doubled commit shows. */
async function mark(table: WritableTable<typeof effects>, handler: string, event: EventMessage): Promise<void> {
  const id = `${handler}/${event.id}`;
  table.put({ id, count: ((await table.get(id))?.count ?? 0) + 1 });
}

async function transfer(table: WritableTable<typeof money>, from: string, to: string, amount: number): Promise<void> {
  for (const [account, change] of [
    [from, -amount],
    [to, amount],
  ] as const) {
    table.put({ account, balance: ((await table.get(account))?.balance ?? 0) + change });
  }
}

export const place = defineEndpoint("place", {
  method: "POST",
  path: "/orders",
  auth: "public",
  input: shape({ order: "string", item: "string" }),
  output: shape({ order: "string", stamp: "number" }),
  writes: [purchases],
  emits: [placed],
  async handle({ input }, ctx) {
    if ((await ctx.tables.purchases.get(input.order)) !== undefined) return { status: 409 };
    ctx.tables.purchases.put({ id: input.order, item: input.item, state: "placed", amount: 0 });
    ctx.emit(placed, input);
    return { status: 202, body: { order: input.order, stamp: ctx.random() } };
  },
});

export function buildWorld(plan: Plan, behaviours: Behaviours, provider: Provider, history: History): App {
  const retry = { attempts: plan.attempts, min: "1s", max: "1m" } as const;
  const timeout = "20s";
  /** A handler's run as the plan wants it: its work, then perhaps a failure that must undo it. */
  const run = (
    handler: string,
    event: EventMessage,
    ctx: RunContext,
    work: (run: Run) => Promise<void>,
    lane?: { readonly name: string; readonly limit: number },
  ): Promise<void> => behaviours.run(handler, event, ctx, work, lane);

  const reserve = defineHandler("reserve", {
    on: placed,
    writes: [effects, stock, purchases],
    emits: [reserved, settled],
    retry,
    timeout,
    concurrency: plan.concurrency,
    handle: (event, ctx) =>
      run("reserve", event, ctx, async () => {
        const { order, item } = event.data;
        await mark(ctx.tables.effects, "reserve", event);
        const row = (await ctx.tables.stock.get(item)) ?? { item, onHand: stockOnHand, reserved: 0, sold: 0 };
        const isEnough = row.reserved + row.sold < row.onHand;
        if (isEnough) ctx.tables.stock.put({ ...row, reserved: row.reserved + 1 });
        ctx.tables.purchases.put({ id: order, item, state: isEnough ? "reserved" : "sold out", amount: 0 });
        if (isEnough) ctx.emit(reserved, { order, item });
        else ctx.emit(settled, { order, outcome: "sold out" });
      }),
  });
  const pay = defineHandler("pay", {
    on: reserved,
    writes: [effects, stock, purchases, money],
    emits: [settled],
    retry,
    timeout,
    handle: (event, ctx) =>
      run("pay", event, ctx, async (current) => {
        const { order, item } = event.data;
        await mark(ctx.tables.effects, "pay", event);
        const key = ctx.idempotencyKey("charge");
        const answer = await ctx.step("charge", () => provider.charge(key, order, current));
        provider.answered(key, current);
        const row = await ctx.tables.stock.get(item);
        const declined = answer === "declined";
        if (row !== undefined) ctx.tables.stock.put({ ...row, reserved: row.reserved - 1, sold: row.sold + (declined ? 0 : 1) });
        if (!declined) await transfer(ctx.tables.money, "customers", "shop", price);
        ctx.tables.purchases.put({ id: order, item, state: declined ? "cancelled" : "paid", amount: declined ? 0 : price });
        ctx.emit(settled, { order, outcome: declined ? "cancelled" : "paid" });
      }),
  });
  const follow = defineHandler("follow", {
    on: stepped,
    writes: [effects, orders],
    ordered: true,
    retry,
    timeout,
    concurrency: plan.concurrency,
    handle: (event, ctx) =>
      run(
        "follow",
        event,
        ctx,
        async () => {
          await mark(ctx.tables.effects, "follow", event);
          const row = await ctx.tables.orders.get(event.data.key);
          const ids: readonly unknown[] = Array.isArray(row?.ids) ? row.ids : [];
          ctx.tables.orders.put({ key: event.data.key, ids: [...ids, event.id] });
        },
        { name: event.data.key, limit: 1 },
      ),
  });
  const group = defineHandler("group", {
    on: pinged,
    writes: [effects],
    retry,
    timeout,
    concurrency: { limit: plan.groupLimit, key: (event) => event.data.group },
    handle: (event, ctx) => run("group", event, ctx, () => mark(ctx.tables.effects, "group", event), { name: event.data.group, limit: plan.groupLimit }),
  });
  const audit = defineHandler("audit", {
    on: [placed, settled, stepped],
    writes: [effects],
    handle: (event, ctx) => run("audit", event, ctx, () => mark(ctx.tables.effects, "audit", event)),
  });
  const tick = defineSchedule("tick", {
    every: "10m",
    writes: [effects],
    async handle({ scheduledAt }, ctx) {
      history.ticks.push({ scheduledAt, ranAt: ctx.now() });
      const id = `tick/${scheduledAt}`;
      ctx.tables.effects.put({ id, count: ((await ctx.tables.effects.get(id))?.count ?? 0) + 1 });
    },
  });
  return defineApp("simulated", { handlers: [reserve, pay, follow, group, audit], endpoints: [place], schedules: [tick] });
}
