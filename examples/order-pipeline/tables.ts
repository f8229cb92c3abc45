/**
 * What the shop remembers. Every table declares the rule that each of its committed rows keeps; the rules that span rows
 * are in `invariants.ts`.
 */
import { defineTable, type Row } from "pulsequeue";
import * as z from "zod";
import { amount, currency, positiveAmount, totalOf } from "./money.ts";

export const sku = z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/, "a SKU is 1 to 64 letters, digits, dots, dashes");

/** Chosen by the client before it sends the order, so that sending again can never make a second one. */
export const orderId = z.string().regex(/^[A-Za-z0-9][\w-]{7,63}$/, "an order id is 8 to 64 letters, digits, dashes");

export const quantity = z.int().min(1).max(1_000);

/** Most different SKUs in an order: one commit moves the stock of all of them, and a commit takes 99 rows and events. */
export const mostLines = 20;

const milliseconds = z.int().min(0);

/** The time of what never comes: sorts behind every real one. */
export const never = Number.MAX_SAFE_INTEGER;

export const customer = z.strictObject({ name: z.string().min(1).max(200), email: z.email().max(254), address: z.string().min(1).max(500) });

/** Whom an order is about: the customer is known by their address, however they write it. Each has a key of their own, so that one can be erased. */
export const aboutCustomer = (data: { readonly customer: { readonly email: string } }): string => data.customer.email.toLowerCase();

export const line = z.strictObject({ sku, quantity, unitPrice: positiveAmount });

/** A reference to a payment method that the provider's own form made. Card data never enters the shop. */
export const paymentMethod = z.string().regex(/^(?:tok|pm)_\w{4,120}$/, "a payment method is a token of the provider (tok_…, pm_…)");

/** What can be bought, and for how much. Apart from `stock`, so that pricing an order does not touch a hot row. */
export const products = defineTable("products", {
  schema: z.strictObject({ sku, name: z.string().min(1).max(200), unitPrice: positiveAmount, currency }),
  key: "sku",
  invariant: (row) => row.unitPrice > 0,
});

/** Counters of one SKU. They change only together with a reservation's state, or with a receipt of goods. */
export const stock = defineTable("stock", {
  schema: z.strictObject({
    sku,
    /** Units that ever came in. */
    received: z.int().min(0),
    /** Units on the shelf: received less sold. */
    onHand: z.int(),
    /** Units on the shelf that are held for orders; the rest is available. */
    reserved: z.int(),
    /** 1 for the first change, one more with each further one; `stock.changed` carries it. */
    version: z.int().min(1),
  }),
  key: "sku",
  invariant: (row) => row.reserved >= 0 && row.reserved <= row.onHand && row.onHand <= row.received,
});

/** Goods that came in. The id is the delivery note's, so that booking it twice adds it once. */
export const receipts = defineTable("receipts", {
  schema: z.strictObject({ sku, receiptId: z.string().min(1).max(64), quantity: z.int().min(1).max(1_000_000), at: milliseconds }),
  key: ["sku", "receiptId"],
  invariant: (row) => row.quantity > 0,
});

export const reservationStates = ["held", "committed", "released", "expired"] as const;

/**
 * One SKU held for one order: `held` → `committed` (sold) | `released` (given back) | `expired` (the hold ran out). The last
 * three are final, so a release can happen once only. When a hold runs out is one time for all lines: `orders.holdExpiresAt`.
 */
export const reservations = defineTable("reservations", {
  schema: z.strictObject({ orderId, sku, quantity, state: z.enum(reservationStates), heldAt: milliseconds, settledAt: milliseconds.optional() }),
  key: ["orderId", "sku"],
  indexes: { bySku: ["sku", "state"] },
  invariant: (row) => row.quantity > 0 && (row.state === "held") === (row.settledAt === undefined),
});

export const plainStates = ["PENDING", "RESERVED", "CAPTURING", "CLOSING", "CONFIRMED", "CANCELLED", "EXPIRED", "REFUNDED"] as const;
export const orderStates = [...plainStates, "NEEDS_ATTENTION"] as const;
export const reasons = ["none", "sold_out", "payment_declined", "payment_failed", "cancelled_by_customer", "hold_expired", "late_payment", "refunded"] as const;

/** One order; its states are described in `order.ts`. */
export const orders = defineTable("orders", {
  schema: z.strictObject({
    id: orderId,
    /** The principal that placed it: nobody else sees or cancels it. */
    placedBy: z.string(),
    state: z.enum(orderStates),
    /** Why it did not end as the customer wished; `none` while all is well. */
    reason: z.enum(reasons),
    /** The reason in words for the customer. */
    detail: z.string(),
    /** Where a `CLOSING` order ends, unless money was captured: then it ends as `REFUNDED`. */
    outcome: z.enum(["CANCELLED", "EXPIRED"]).optional(),
    /** Of an order that was opened again by late money: the end that was announced before. */
    announced: z.enum(["CANCELLED", "EXPIRED"]).optional(),
    /** Whether the hold was given back, in a `CLOSING` order. */
    stockReleased: z.boolean(),
    /** The state that `NEEDS_ATTENTION` interrupted: it goes on from there. */
    interrupted: z.enum(plainStates).optional(),
    customer,
    paymentMethod,
    lines: z.array(line).min(1).max(mostLines),
    total: positiveAmount,
    currency,
    /** Milliseconds since 1970; `never` where nothing is held, and once the stock is confirmed. */
    holdExpiresAt: milliseconds,
    /** The hold is made longer once, when the payment starts. */
    holdExtended: z.boolean(),
    placedAt: milliseconds,
    updatedAt: milliseconds,
  }),
  key: "id",
  indexes: { byHold: ["state", "holdExpiresAt"], byAge: ["state", "updatedAt"] },
  pii: ["customer.name", "customer.email", "customer.address", "paymentMethod"],
  subject: aboutCustomer,
  invariant: (row) =>
    row.total === totalOf(row.lines) &&
    row.lines.every((one, index) => index === 0 || (row.lines[index - 1]?.sku ?? "") < one.sku) &&
    (row.state === "NEEDS_ATTENTION") === (row.interrupted !== undefined) &&
    (row.state !== "CLOSING" || row.outcome !== undefined) &&
    (!["CLOSING", "CANCELLED", "EXPIRED", "REFUNDED"].includes(row.state) || row.reason !== "none"),
});

/** The money ledger of one order, in minor units of its currency. Made when the payment starts. */
export const payments = defineTable("payments", {
  schema: z.strictObject({
    orderId,
    currency,
    total: positiveAmount,
    authorized: amount,
    /** Authorized and given back without having been captured. */
    voided: amount,
    captured: amount,
    refunded: amount,
    /** Key of the operation under way; empty where there is none. One at a time per order. */
    openOperation: z.string(),
    /** The provider's reference of the authorization that holds the money; empty before. */
    authorization: z.string(),
    /** Number of the last operation of each kind. */
    numbers: z.strictObject({ authorize: z.int().min(0), capture: z.int().min(0), refund: z.int().min(0), void: z.int().min(0) }),
    /** Refunds that operators asked for, by their own id, so that asking twice refunds once. */
    refundRequests: z.array(z.strictObject({ refundId: z.string(), amount: positiveAmount, by: z.string(), note: z.string(), at: milliseconds })).max(50),
  }),
  key: "orderId",
  invariant: (row) => row.refunded <= row.captured && row.captured + row.voided <= row.authorized && row.authorized <= row.total,
});

export const operationKinds = ["authorize", "capture", "refund", "void"] as const;
export const operationStates = ["requested", "unknown", "unresolved", "succeeded", "declined", "failed", "abandoned", "disputed"] as const;

/**
 * One call to the payment provider, under a key of its own: `order:{id}:{kind}:{number}`. Its states are described in
 * `payment.ts`.
 */
export const operations = defineTable("operations", {
  schema: z.strictObject({
    key: z.string(),
    orderId,
    kind: z.enum(operationKinds),
    number: z.int().min(1),
    /** Which try this is after known failures: 1 for the first. */
    round: z.int().min(1),
    amount: positiveAmount,
    currency,
    state: z.enum(operationStates),
    /** The provider's reference once it succeeded; empty before. */
    reference: z.string(),
    /** Why it did not succeed; empty otherwise. */
    reason: z.string(),
    /** How often its unknown outcome was asked for. */
    lookups: z.int().min(0),
    requestedAt: milliseconds,
    settledAt: milliseconds.optional(),
  }),
  key: "key",
  indexes: { byOrder: ["orderId", "requestedAt"] },
  invariant: (row) => row.key === `order:${row.orderId}:${row.kind}:${String(row.number)}` && (row.state !== "succeeded" || row.reference !== ""),
});

export type Order = Row<typeof orders>;
export type OrderState = Order["state"];
export type Reason = Order["reason"];
export type Line = Order["lines"][number];
export type Stock = Row<typeof stock>;
export type Reservation = Row<typeof reservations>;
export type ReservationState = Reservation["state"];
export type Payment = Row<typeof payments>;
export type PaymentOperation = Row<typeof operations>;
export type OperationKind = PaymentOperation["kind"];
export type OperationState = PaymentOperation["state"];
export type Product = Row<typeof products>;
export type Receipt = Row<typeof receipts>;
