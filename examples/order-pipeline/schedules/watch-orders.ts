import { defineSchedule, type ScheduleDefinition } from "pulsequeue";
import { orderNeedsAttention } from "../events.ts";
import { alarm } from "../handlers/operation-outcome.ts";
import type { Policy } from "../policy.ts";
import { orders } from "../tables.ts";

const perTick = 10;

/**
 * Marks open orders that nothing has moved for too long, whatever the cause (a dead letter, a paused handler, a provider that
 * is down for hours): an order is never stuck in silence.
 */
export const watchOrders = (policy: Policy): ScheduleDefinition =>
  defineSchedule("watch-orders", {
    every: "1m",
    writes: [orders],
    emits: [orderNeedsAttention],
    async handle(_tick, ctx) {
      for (const state of ["PENDING", "RESERVED", "CAPTURING", "CLOSING"] as const) {
        const oldest = await ctx.tables.orders.query({ index: "byAge", equals: { state }, limit: perTick });
        for (const order of oldest) if (order.updatedAt + policy.stuckAfter <= ctx.now()) alarm(ctx, order, `it has been ${state} for too long`);
      }
    },
  });
