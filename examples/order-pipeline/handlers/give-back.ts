/** What the handlers that undo an order share: the next step that gives money back, and the end once none is owed. */
import type { Context } from "pulsequeue";
import { orderCancelled, orderExpired, orderNeedsAttention, orderRefunded, paymentRequested } from "../events.ts";
import { moved } from "../order.ts";
import { owed, request } from "../payment.ts";
import { operations, orders, payments, type Order, type Payment } from "../tables.ts";
import { alarm, requestOperation } from "./operation-outcome.ts";

/** What a handler declares to give back. */
export const giveBackWrites = [orders, payments, operations] as const;
export const giveBackEmits = [paymentRequested, orderCancelled, orderExpired, orderRefunded, orderNeedsAttention] as const;

export type GiveBackContext = Context<readonly [], typeof giveBackWrites, typeof giveBackEmits>;

/**
 * Takes the next step of a closing order: waits for the operation under way, else voids or refunds what is owed, else ends
 * the order. An order that had ended already and was opened again by late money announces its end only where it is another.
 */
export async function giveBack(ctx: GiveBackContext, order: Order, payment: Payment | undefined): Promise<void> {
  const now = ctx.now();
  const waiting = { ...order, updatedAt: now };
  const underWay = payment === undefined || payment.openOperation === "" ? undefined : await ctx.tables.operations.get(payment.openOperation);
  const debt = payment === undefined ? undefined : owed(payment);
  if (underWay?.state === "unresolved") {
    alarm(ctx, waiting, `the outcome of ${underWay.key} must be known before the order can end`);
  } else if (!order.stockReleased || underWay !== undefined) {
    ctx.tables.orders.put(waiting);
  } else if (payment !== undefined && debt !== undefined) {
    ctx.tables.orders.put(waiting);
    requestOperation(ctx, request(payment, debt.kind, debt.amount, now));
  } else {
    end(ctx, order, payment?.captured ?? 0, now);
  }
}

/** Opens an order that has ended again, since money came for it: it must go back. */
export function reopened(order: Order, now: number): Order {
  const end = order.state === "EXPIRED" ? "EXPIRED" : "CANCELLED";
  return moved(order, "CLOSING", now, { outcome: end, announced: end });
}

function end(ctx: GiveBackContext, order: Order, captured: number, now: number): void {
  const { id: orderId, outcome, announced, currency } = order;
  const over = { outcome: undefined, announced: undefined };
  if (captured > 0) {
    const reason = order.reason === "hold_expired" ? "late_payment" : order.reason;
    const ended = moved(order, "REFUNDED", now, { reason, ...over });
    ctx.tables.orders.put(ended);
    ctx.emit(orderRefunded, { orderId, reason, detail: ended.detail, amount: captured, currency }, endId(orderId, "refunded"));
    return;
  }
  const ended = moved(order, outcome ?? "CANCELLED", now, over);
  ctx.tables.orders.put(ended);
  // The id below is unique among the events of one handler only, and it may have been another that announced this end.
  if (announced === ended.state) return;
  const data = { orderId, reason: ended.reason, detail: ended.detail };
  if (ended.state === "EXPIRED") ctx.emit(orderExpired, data, endId(orderId, "expired"));
  else ctx.emit(orderCancelled, data, endId(orderId, "cancelled"));
}

/** One id per order and end: what one handler announced it does not announce again. */
export function endId(orderId: string, end: string): { readonly id: string } {
  return { id: `order.${end}:${orderId}` };
}
