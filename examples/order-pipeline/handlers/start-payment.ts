import { defineHandler, type HandlerDefinition } from "pulsequeue";
import { holdExpiryDue, paymentRequested, stockReserved } from "../events.ts";
import { openLedger, request } from "../payment.ts";
import type { Policy } from "../policy.ts";
import { operations, orders, payments } from "../tables.ts";
import { requestOperation } from "./operation-outcome.ts";

/** Opens the order's ledger, records its authorization and makes the hold longer, once, so that the payment does not outlive it. */
export const startPayment = (policy: Policy): HandlerDefinition =>
  defineHandler("start-payment", {
    on: stockReserved,
    writes: [orders, payments, operations],
    emits: [paymentRequested, holdExpiryDue],
    async handle(event, ctx) {
      const { orderId } = event.data;
      const order = await ctx.tables.orders.get(orderId);
      if (order?.state !== "RESERVED" || order.holdExtended) return;
      const now = ctx.now();
      const holdExpiresAt = Math.max(order.holdExpiresAt, now + policy.holdForPayment);
      ctx.tables.orders.put({ ...order, holdExpiresAt, holdExtended: true, updatedAt: now });
      requestOperation(ctx, request(openLedger(order), "authorize", order.total, now));
      ctx.emit(holdExpiryDue, { orderId }, { at: holdExpiresAt });
    },
  });
