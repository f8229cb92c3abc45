/**
 * What happens in the shop. Every event is keyed by its order, but `stock.changed`, which is keyed by its SKU. Schemas are
 * strict: a field that nobody declared is refused, so nothing can be smuggled in with an event.
 */
import { defineEvent } from "pulsequeue";
import * as z from "zod";
import { amount, currency, positiveAmount } from "./money.ts";
import { aboutCustomer, customer, line, operationKinds, orderId, quantity, reasons, sku } from "./tables.ts";

const reason = z.enum(reasons);
const byOrder = { key: (data: { readonly orderId: string }): string => data.orderId };

/** A customer wants something. The order exists already, as `PENDING`. */
export const orderPlaced = defineEvent("order.placed", {
  version: 1,
  schema: z.strictObject({ orderId, customer, lines: z.array(line).min(1), total: positiveAmount, currency }),
  ...byOrder,
  pii: ["customer.name", "customer.email", "customer.address"],
  subject: aboutCustomer,
});

/** Every line of the order is held for it. */
export const stockReserved = defineEvent("stock.reserved", {
  version: 1,
  schema: z.strictObject({ orderId, lines: z.array(z.strictObject({ sku, quantity })).min(1) }),
  ...byOrder,
});

/** The hold may have run out: whoever hears it compares the time with the order's. */
export const holdExpiryDue = defineEvent("hold.expiry-due", { version: 1, schema: z.strictObject({ orderId }), ...byOrder });

/** Every line of a closing order is back on the shelf. */
export const stockReleased = defineEvent("stock.released", { version: 1, schema: z.strictObject({ orderId }), ...byOrder });

/** Counters of one SKU after a change, for shop windows and forecasts. `version` is one more each time: a gap or a repeat shows. */
export const stockChanged = defineEvent("stock.changed", {
  version: 1,
  schema: z.strictObject({
    /** `{sku}@{version}`, to recognise a repeated delivery by. */
    id: z.string(),
    sku,
    version: z.int().min(1),
    received: z.int().min(0),
    onHand: z.int().min(0),
    reserved: z.int().min(0),
    available: z.int().min(0),
    cause: z.enum(["received", "held", "committed", "released", "expired"]),
    /** Absent where goods came in. */
    orderId: orderId.optional(),
  }),
  key: (data) => data.sku,
});

const operationKey = z.string().regex(/^order:[\w-]{8,64}:(?:authorize|capture|refund|void):[1-9]\d{0,5}$/, "not the key of a payment operation");

/** An operation is recorded and wants to be sent to the provider, under its key. */
export const paymentRequested = defineEvent("payment.requested", {
  version: 1,
  schema: z.strictObject({ orderId, operationKey, kind: z.enum(operationKinds), amount: positiveAmount, currency }),
  ...byOrder,
});

/** An operation's outcome is unknown: ask the provider about its key. */
export const paymentLookupDue = defineEvent("payment.lookup-due", { version: 1, schema: z.strictObject({ orderId, operationKey }), ...byOrder });

/** The provider says that something became of an operation. A hint, not a fact: the provider is asked about the key. */
export const paymentNotified = defineEvent("payment.notified", {
  version: 1,
  schema: z.strictObject({ orderId, operationKey, notificationId: z.string() }),
  ...byOrder,
});

const money = z.strictObject({ orderId, operationKey, amount: positiveAmount, currency });

/** The customer's bank holds the money for us. */
export const paymentAuthorized = defineEvent("payment.authorized", { version: 1, schema: money, ...byOrder });
/** The money is ours. */
export const paymentCaptured = defineEvent("payment.captured", { version: 1, schema: money, ...byOrder });
/** Captured money, or a part of it, went back. */
export const paymentRefunded = defineEvent("payment.refunded", { version: 1, schema: money, ...byOrder });
/** Authorized money was let go without a capture. */
export const paymentVoided = defineEvent("payment.voided", { version: 1, schema: money, ...byOrder });

/** An operation ended without effect, for good. */
export const paymentFailed = defineEvent("payment.failed", {
  version: 1,
  schema: z.strictObject({ orderId, operationKey, kind: z.enum(operationKinds), declined: z.boolean(), reason: z.string() }),
  ...byOrder,
});

/** The order will not be fulfilled: its stock, then its money go back. */
export const orderClosing = defineEvent("order.closing", { version: 1, schema: z.strictObject({ orderId, reason }), ...byOrder });

/** Sold: stock committed, money captured. Ship it. */
export const orderConfirmed = defineEvent("order.confirmed", { version: 1, schema: z.strictObject({ orderId, total: positiveAmount, currency }), ...byOrder });

const ended = z.strictObject({ orderId, reason, detail: z.string() });

/** Nothing is held, nothing was kept; the reason says why. */
export const orderCancelled = defineEvent("order.cancelled", { version: 1, schema: ended, ...byOrder });
/** The customer's payment did not come before the hold ran out. */
export const orderExpired = defineEvent("order.expired", { version: 1, schema: ended, ...byOrder });
/** All money that was captured went back. */
export const orderRefunded = defineEvent("order.refunded", { version: 1, schema: ended.extend({ amount, currency }), ...byOrder });
/** A person must look at this order: raise an alarm. It goes on by itself if the cause goes away. */
export const orderNeedsAttention = defineEvent("order.needs-attention", { version: 1, schema: z.strictObject({ orderId, detail: z.string() }), ...byOrder });

/** What this app tells others and does not hear itself. */
export const announcements = [stockChanged, orderConfirmed, orderCancelled, orderExpired, orderRefunded, orderNeedsAttention] as const;
