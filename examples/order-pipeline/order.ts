/**
 * The states of an order, and how it moves between them. Every move is a conditional write of the order's row: where two
 * want to move it, one commits, and the other runs again on what is true then.
 *
 * - `PENDING`: placed. Nothing is held, nothing is charged.
 * - `RESERVED`: every line is held, until `holdExpiresAt`; the payment is being authorized. Where the payment method captures
 *   at once, it goes on to `CONFIRMED` directly.
 * - `CAPTURING`: authorized and the stock confirmed: the hold cannot run out any more; the money is being captured.
 * - `CONFIRMED`: captured and every line committed. A refund of all its money makes it `REFUNDED`.
 * - `CLOSING`: it will not be fulfilled. Stock goes back first, then money; what the provider answers late is undone too.
 * - `CANCELLED`, `EXPIRED`: nothing is held and no money was kept; `reason` tells the customer why.
 * - `REFUNDED`: money was captured, and all of it went back.
 * - `NEEDS_ATTENTION`: a person must look. Not a dead end: when its cause goes away it goes on from `interrupted`.
 *
 * Money that shows up for an order that has ended (a late answer of the provider) opens it again as `CLOSING`.
 */
import type { Order, OrderState, Reason } from "./tables.ts";
import { never } from "./tables.ts";

const moves: Readonly<Record<Exclude<OrderState, "NEEDS_ATTENTION">, readonly OrderState[]>> = {
  PENDING: ["RESERVED", "CANCELLED"],
  RESERVED: ["CAPTURING", "CONFIRMED", "CLOSING"],
  CAPTURING: ["CONFIRMED", "CLOSING"],
  CLOSING: ["CANCELLED", "EXPIRED", "REFUNDED"],
  CONFIRMED: ["REFUNDED"],
  CANCELLED: ["CLOSING"],
  EXPIRED: ["CLOSING"],
  REFUNDED: ["CLOSING"],
};

/** `order` as if nobody had interrupted it. */
export function resumed(order: Order): Order {
  return order.interrupted === undefined ? order : { ...order, state: order.interrupted, interrupted: undefined };
}

/** `order` in its next state. Throws for a move that is not listed above: a defect of this application. */
export function moved(order: Order, to: Exclude<OrderState, "NEEDS_ATTENTION">, now: number, changes: Partial<Order> = {}): Order {
  const from = order.state;
  if (from === "NEEDS_ATTENTION" || !moves[from].includes(to)) throw new Error(`An order that is ${from} cannot become ${to}`);
  return { ...order, ...changes, state: to, updatedAt: now };
}

/** `order` on its way to `outcome`. */
export function closing(order: Order, outcome: "CANCELLED" | "EXPIRED", reason: Reason, detail: string, now: number): Order {
  return moved(order, "CLOSING", now, { outcome, reason, detail, holdExpiresAt: never });
}

/** `order` waiting for a person; unchanged where it already does. */
export function interrupted(order: Order, detail: string, now: number): Order {
  const { state } = order;
  if (state === "NEEDS_ATTENTION") return order;
  return { ...order, state: "NEEDS_ATTENTION", interrupted: state, detail, updatedAt: now };
}

/** Whether the order has ended. `CONFIRMED` has too, though it can still be refunded. */
export function hasEnded(state: OrderState): boolean {
  return state === "CONFIRMED" || state === "CANCELLED" || state === "EXPIRED" || state === "REFUNDED";
}
