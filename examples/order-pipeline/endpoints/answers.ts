/** What the endpoints answer. */
import type { EndpointResponse } from "pulsequeue";
import * as z from "zod";
import { amount, currency } from "../money.ts";
import { line, orderId, orderStates, reasons, type Order, type Payment } from "../tables.ts";

/** An order as its customer sees it. Name, e-mail and address are not repeated. */
export const orderView = z.strictObject({
  id: orderId,
  state: z.enum(orderStates),
  reason: z.enum(reasons),
  detail: z.string(),
  lines: z.array(line),
  total: amount,
  currency,
  authorized: amount,
  captured: amount,
  refunded: amount,
  /** ISO 8601, UTC. */
  placedAt: z.string(),
  updatedAt: z.string(),
});

export type OrderView = z.infer<typeof orderView>;

/** A refusal, as problem+json (RFC 9457). */
export const refusal = z.strictObject({ type: z.string(), title: z.string(), status: z.int() });

export const orderAnswer = z.union([orderView, refusal]);

export function viewOf(order: Order, payment: Payment | undefined): OrderView {
  const { id, state, reason, detail, lines, total } = order;
  return {
    id,
    state,
    reason,
    detail,
    lines,
    total,
    currency: order.currency,
    authorized: payment?.authorized ?? 0,
    captured: payment?.captured ?? 0,
    refunded: payment?.refunded ?? 0,
    placedAt: new Date(order.placedAt).toISOString(),
    updatedAt: new Date(order.updatedAt).toISOString(),
  };
}

/** Refuses a request: whatever it wrote is discarded. */
export function refuse(status: 404 | 409 | 422, type: string, title: string): EndpointResponse<z.infer<typeof refusal>> {
  return { status, headers: { "content-type": "application/problem+json" }, body: { type: `problems/${type}`, title, status } };
}

/** The same for an order that is not there and for one of somebody else: what exists is nobody else's business. */
export function notFound(): EndpointResponse<z.infer<typeof refusal>> {
  return refuse(404, "order-unknown", "There is no such order of yours");
}
