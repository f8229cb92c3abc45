import { defineHandler, type HandlerDefinition } from "pulsequeue";
import { orderClosing, orderPlaced, paymentCaptured } from "../events.ts";
import type { Policy } from "../policy.ts";
import { confirmOrder } from "./confirm-order.ts";
import { releaseStock } from "./release-stock.ts";
import { reserveStock } from "./reserve-stock.ts";
import { keepingEmits, keepingWrites } from "./stock-keeping.ts";

/**
 * The one keeper of the stock: holds it for an order, commits it with the money, gives it back.
 *
 * In a sale every order wants the same few rows. Three handlers that write them would be refused by each other's commits again
 * and again; one, a batch at a time, never conflicts with itself, and a batch holds many orders.
 */
export const keepStock = (policy: Policy): HandlerDefinition =>
  defineHandler("keep-stock", {
    on: [orderPlaced, paymentCaptured, orderClosing],
    writes: keepingWrites,
    emits: keepingEmits,
    concurrency: 1,
    // What it starts comes back to it: held, paid, closed. An order's flow ends long before this does.
    maxHops: 250,
    async handle(event, ctx) {
      const { orderId } = event.data;
      switch (event.type) {
        case "order.placed":
          await reserveStock(ctx, policy, orderId);
          return;
        case "payment.captured":
          await confirmOrder(ctx, orderId);
          return;
        case "order.closing":
          await releaseStock(ctx, orderId);
      }
    },
  });
