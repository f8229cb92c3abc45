/** What the handlers that talk to the provider share: sending an operation, and booking what became of it. */
import type { Context } from "pulsequeue";
import {
  orderNeedsAttention,
  paymentAuthorized,
  paymentCaptured,
  paymentFailed,
  paymentLookupDue,
  paymentRefunded,
  paymentRequested,
  paymentVoided,
} from "../events.ts";
import { interrupted } from "../order.ts";
import { booked, capturedAtOnce, closed, request } from "../payment.ts";
import type { Policy } from "../policy.ts";
import type { LookupResult, PaymentProvider, PaymentRequest, PaymentResult } from "../providers/port.ts";
import { operations, orders, payments, type OperationState, type Order, type Payment, type PaymentOperation } from "../tables.ts";

/** What a handler declares to book outcomes. */
export const outcomeWrites = [orders, payments, operations] as const;
export const outcomeEmits = [
  paymentRequested,
  paymentLookupDue,
  paymentAuthorized,
  paymentCaptured,
  paymentRefunded,
  paymentVoided,
  paymentFailed,
  orderNeedsAttention,
] as const;

export type OutcomeContext = Context<readonly [], typeof outcomeWrites, typeof outcomeEmits>;

/** An operation with its order and ledger: what an outcome is booked on. */
export interface OpenOperation {
  readonly operation: PaymentOperation;
  readonly payment: Payment;
  readonly order: Order;
}

const successes = { authorize: paymentAuthorized, capture: paymentCaptured, refund: paymentRefunded, void: paymentVoided } as const;

/** The operation `key` with its rows; `undefined` for a key that this shop never gave out. */
export async function loadOperation(ctx: OutcomeContext, key: string): Promise<OpenOperation | undefined> {
  const operation = await ctx.tables.operations.get(key);
  if (operation === undefined) return undefined;
  const payment = await ctx.tables.payments.get(operation.orderId);
  const order = await ctx.tables.orders.get(operation.orderId);
  return payment === undefined || order === undefined ? undefined : { operation, payment, order };
}

/**
 * Asks the provider. The key makes a repeat after a crash harmless, so the answer is not remembered apart (`ctx.step`): that
 * would be one more durable write per call. A defect of an adapter is an unknown outcome.
 */
export async function ask(ctx: OutcomeContext, provider: PaymentProvider, call: "send" | "lookup", open: OpenOperation): Promise<LookupResult> {
  const { operation, payment, order } = open;
  const query: PaymentRequest = {
    key: operation.key,
    kind: operation.kind,
    orderId: order.id,
    amount: operation.amount,
    currency: operation.currency,
    paymentMethod: order.paymentMethod,
    // Rows are read one after the other: a delivery that came twice may see the ledger as the other one has just left it.
    authorization: operation.kind === "authorize" ? "" : payment.authorization,
  };
  try {
    return await (call === "send" ? provider[operation.kind](query, ctx.signal) : provider.lookup(query, ctx.signal));
  } catch (error) {
    ctx.log.error("the payment adapter threw", { operation: operation.key, error: error instanceof Error ? error.message : "not an error" });
    return { outcome: "unknown", reason: "the adapter threw" };
  }
}

/** Records that the operation is requested, and asks for it to be sent. */
export function requestOperation(ctx: Pick<OutcomeContext, "tables" | "emit">, requested: ReturnType<typeof request>, delay = 0): void {
  const { operation, payment } = requested;
  ctx.tables.payments.put(payment);
  ctx.tables.operations.put(operation);
  send(ctx, operation, delay);
}

/** Asks for a recorded operation to be sent, under its own key. */
export function send(ctx: Pick<OutcomeContext, "emit">, operation: PaymentOperation, delay = 0): void {
  const { orderId, kind, amount, currency } = operation;
  ctx.emit(paymentRequested, { orderId, operationKey: operation.key, kind, amount, currency }, delay === 0 ? {} : { delay });
}

/** Books what became of an operation: its row, the ledger and the next step, in one commit. */
export function bookOutcome(ctx: OutcomeContext, policy: Policy, open: OpenOperation, result: PaymentResult): void {
  switch (result.outcome) {
    case "succeeded":
      bookSuccess(ctx, open, result);
      return;
    case "declined":
      end(ctx, open, "declined", result.reason);
      fail(ctx, open.operation, true, result.reason);
      return;
    case "failed":
      tryAgain(ctx, policy, open, result.reason);
      return;
    case "unknown":
      lookLater(ctx, policy, open, result.reason);
      return;
  }
}

/** Books that the operation was not wanted any more before the provider heard of it. */
export function abandon(ctx: OutcomeContext, open: OpenOperation): void {
  end(ctx, open, "abandoned", "not wanted any more before it was sent");
  fail(ctx, open.operation, false, "not wanted any more");
}

/** Asks for a look at an unknown outcome, later each time, until it is a person's turn. */
export function lookLater(ctx: OutcomeContext, policy: Policy, { operation, order }: OpenOperation, reason: string): void {
  const { lookups, key, orderId } = operation;
  if (lookups >= policy.mostLookups) {
    ctx.tables.operations.put({ ...operation, state: "unresolved", reason });
    alarm(ctx, order, `the outcome of ${key} is still unknown after ${String(lookups)} questions`);
    return;
  }
  ctx.tables.operations.put({ ...operation, state: "unknown", reason, lookups: lookups + 1 });
  ctx.emit(paymentLookupDue, { orderId, operationKey: key }, { delay: policy.lookupAfter * 2 ** lookups });
}

/** Marks the order for a person, once. */
export function alarm(
  ctx: { readonly tables: Pick<OutcomeContext["tables"], "orders">; readonly emit: OutcomeContext["emit"]; readonly now: () => number },
  order: Order,
  detail: string,
): void {
  const marked = interrupted(order, detail, ctx.now());
  if (marked === order) return;
  ctx.tables.orders.put(marked);
  ctx.emit(orderNeedsAttention, { orderId: order.id, detail });
}

function bookSuccess(ctx: OutcomeContext, open: OpenOperation, { reference, captured = false }: Extract<PaymentResult, { outcome: "succeeded" }>): void {
  const { operation, payment, order } = open;
  const { key, kind, orderId, amount, currency } = operation;
  const ledger = booked(closed(payment, key), operation, reference);
  const capture =
    ledger !== undefined && kind === "authorize" && captured && ledger.openOperation === ""
      ? capturedAtOnce(ledger, operation, reference, ctx.now())
      : undefined;
  const after = capture === undefined ? ledger : booked(capture.payment, capture.operation, reference);
  if (after === undefined) {
    end(ctx, open, "disputed", "the provider reports a success that the ledger cannot hold");
    alarm(ctx, order, `the provider reports ${key} as done, which the ledger cannot hold`);
    return;
  }
  ctx.tables.payments.put(after);
  ctx.tables.operations.put({ ...operation, state: "succeeded", reference, reason: "", settledAt: ctx.now() });
  if (capture !== undefined) ctx.tables.operations.put(capture.operation);
  const event = capture === undefined ? successes[kind] : paymentCaptured;
  ctx.emit(event, { orderId, operationKey: capture?.operation.key ?? key, amount, currency });
}

function tryAgain(ctx: OutcomeContext, policy: Policy, open: OpenOperation, reason: string): void {
  const { operation, payment } = open;
  end(ctx, open, "failed", reason);
  if (payment.openOperation !== operation.key) return;
  if (operation.round >= policy.mostTries) {
    fail(ctx, operation, false, reason);
    return;
  }
  const next = request(closed(payment, operation.key), operation.kind, operation.amount, ctx.now(), operation.round + 1);
  requestOperation(ctx, next, policy.tryAgainAfter * 2 ** (operation.round - 1));
}

function end(ctx: OutcomeContext, { operation, payment }: OpenOperation, state: OperationState, reason: string): void {
  ctx.tables.operations.put({ ...operation, state, reason, settledAt: ctx.now() });
  ctx.tables.payments.put(closed(payment, operation.key));
}

function fail(ctx: OutcomeContext, { orderId, key, kind }: PaymentOperation, declined: boolean, reason: string): void {
  ctx.emit(paymentFailed, { orderId, operationKey: key, kind, declined, reason });
}
