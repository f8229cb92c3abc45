/**
 * The money ledger of an order and the operations that move it.
 *
 * An operation is recorded, with a key of its own, in the commit that decides on it, and only then sent:
 *
 * - `requested`: recorded; the provider may or may not have been asked.
 * - `unknown`: asked, and no answer came (a timeout, a broken connection). The provider is asked about the key.
 * - `unresolved`: asked about too often; the order needs attention. A notification or an operator takes it up again.
 * - `succeeded`: the provider did it; the ledger says so in the same commit.
 * - `declined`: refused for good on the customer's side (the card). Not tried again.
 * - `failed`: known not to have happened, on the provider's side. Tried again under the next number, a few times.
 * - `abandoned`: not wanted any more before it was sent; the provider does not know the key.
 * - `disputed`: the provider reports a success that the ledger cannot hold. A person must look.
 *
 * A new number is used only after a known failure: an unknown outcome is never answered by a second charge. The provider's
 * word wins: a success that is reported late is booked whatever was believed before.
 */
import type { OperationKind, Order, Payment, PaymentOperation } from "./tables.ts";

/** The empty ledger of `order`. */
export function openLedger(order: Pick<Order, "id" | "currency" | "total">): Payment {
  return {
    orderId: order.id,
    currency: order.currency,
    total: order.total,
    authorized: 0,
    voided: 0,
    captured: 0,
    refunded: 0,
    openOperation: "",
    authorization: "",
    numbers: { authorize: 0, capture: 0, refund: 0, void: 0 },
    refundRequests: [],
  };
}

export interface Requested {
  readonly payment: Payment;
  readonly operation: PaymentOperation;
}

/** Records the next operation of `kind`. Throws where another one is under way: a defect of this application. */
export function request(payment: Payment, kind: OperationKind, amount: number, now: number, round = 1): Requested {
  if (payment.openOperation !== "") throw new Error(`${payment.openOperation} is still under way`);
  const number = payment.numbers[kind] + 1;
  const key = `order:${payment.orderId}:${kind}:${String(number)}`;
  return {
    payment: { ...payment, openOperation: key, numbers: { ...payment.numbers, [kind]: number } },
    operation: {
      key,
      orderId: payment.orderId,
      kind,
      number,
      round,
      amount,
      currency: payment.currency,
      state: "requested",
      reference: "",
      reason: "",
      lookups: 0,
      requestedAt: now,
    },
  };
}

/** The ledger once `operation` succeeded under `reference`; `undefined` where it cannot hold that. */
export function booked(payment: Payment, operation: PaymentOperation, reference: string): Payment | undefined {
  const { kind, amount } = operation;
  const next: Payment = {
    ...payment,
    authorized: payment.authorized + (kind === "authorize" ? amount : 0),
    captured: payment.captured + (kind === "capture" ? amount : 0),
    refunded: payment.refunded + (kind === "refund" ? amount : 0),
    voided: payment.voided + (kind === "void" ? amount : 0),
    authorization: kind === "authorize" ? reference : payment.authorization,
  };
  const holds = next.refunded <= next.captured && next.captured + next.voided <= next.authorized && next.authorized <= next.total;
  return holds ? next : undefined;
}

/** The capture that an authorization brought with it, as an operation of its own that has succeeded. */
export function capturedAtOnce(payment: Payment, authorization: PaymentOperation, reference: string, now: number): Requested {
  const { payment: next, operation } = request(payment, "capture", authorization.amount, now);
  return { payment: closed(next, operation.key), operation: { ...operation, state: "succeeded", reference, settledAt: now } };
}

/** `payment` with no operation under way, where `key` was it. */
export function closed(payment: Payment, key: string): Payment {
  return payment.openOperation === key ? { ...payment, openOperation: "" } : payment;
}

/** What must go back for an order that is not fulfilled: a refund of what was captured, or a void of what was authorized. */
export function owed(payment: Payment): { readonly kind: "refund" | "void"; readonly amount: number } | undefined {
  const kept = payment.captured - payment.refunded;
  if (kept > 0) return { kind: "refund", amount: kept };
  const held = payment.authorized - payment.captured - payment.voided;
  return held > 0 ? { kind: "void", amount: held } : undefined;
}

/** The order that an operation's key belongs to; `undefined` for text that is no such key. */
export function orderOfKey(key: string): string | undefined {
  return /^order:([\w-]{8,64}):(?:authorize|capture|refund|void):[1-9]\d{0,5}$/.exec(key)?.[1];
}
