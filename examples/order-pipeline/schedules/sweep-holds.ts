import { defineSchedule } from "pulsequeue";
import { holdExpiryDue } from "../events.ts";
import { orders } from "../tables.ts";

const perTick = 40;

/** Finds holds that ran out and were not closed by their own delayed event: after a clock that jumped, or a dead letter. */
export const sweepHolds = defineSchedule("sweep-holds", {
  every: "30s",
  reads: [orders],
  emits: [holdExpiryDue],
  async handle(_tick, ctx) {
    for (const state of ["RESERVED", "NEEDS_ATTENTION"] as const) {
      const oldest = await ctx.tables.orders.query({ index: "byHold", equals: { state }, limit: perTick });
      for (const order of oldest) if (order.holdExpiresAt <= ctx.now()) ctx.emit(holdExpiryDue, { orderId: order.id });
    }
  },
});
