/** Reads what payment providers send to the webhook. Only two things are taken from it: its own id, and the operation's key. */
import * as z from "zod";

export interface Notification {
  readonly notificationId: string;
  readonly operationKey: string;
}

const id = z.string().min(1).max(100);
const key = z.string().min(1).max(120);

/** What the simulated provider sends. */
const simulated = z.object({ id, type: z.literal("payment.updated"), operationKey: key });

/** What Stripe sends (https://docs.stripe.com/api/events/object): the adapter puts the keys into the metadata. */
const stripe = z.object({
  id,
  object: z.literal("event"),
  type: z.string(),
  data: z.object({ object: z.object({ metadata: z.record(z.string(), z.string()).nullish() }) }),
});

/** Which metadata field names the operation that an event of Stripe is about. */
const stripeKeys: ReadonlyMap<string, string> = new Map([
  ["payment_intent.amount_capturable_updated", "authorize_key"],
  ["payment_intent.payment_failed", "authorize_key"],
  ["payment_intent.succeeded", "capture_key"],
  ["refund.created", "refund_key"],
  ["refund.updated", "refund_key"],
  ["refund.failed", "refund_key"],
]);

/** The notification that `body` is; `undefined` for one that says nothing about an operation. */
export function readNotification(body: unknown): Notification | undefined {
  const own = simulated.safeParse(body);
  if (own.success) return { notificationId: own.data.id, operationKey: own.data.operationKey };
  const event = stripe.safeParse(body);
  if (!event.success) return undefined;
  const field = stripeKeys.get(event.data.type);
  const operationKey = field === undefined ? undefined : key.safeParse(event.data.data.object.metadata?.[field]).data;
  return operationKey === undefined ? undefined : { notificationId: event.data.id, operationKey };
}
