import { expect, test } from "vitest";
import { readNotification } from "./notification.ts";
import { intent, refund } from "./stripe-fixtures.ts";

const keys = { authorize_key: "order:order-001:authorize:1", capture_key: "order:order-001:capture:1" };

function event(type: string, object: unknown): unknown {
  return {
    id: "evt_1",
    object: "event",
    api_version: "2026-10-28.endive",
    created: 1_795_000_000,
    type,
    data: { object },
    livemode: false,
    pending_webhooks: 1,
  };
}

test.each([
  ["payment_intent.amount_capturable_updated", intent("requires_capture", { metadata: keys }), keys.authorize_key],
  ["payment_intent.payment_failed", intent("requires_payment_method", { metadata: keys }), keys.authorize_key],
  ["payment_intent.succeeded", intent("succeeded", { metadata: keys }), keys.capture_key],
  ["refund.updated", refund("succeeded", { metadata: { refund_key: "order:order-001:refund:2" } }), "order:order-001:refund:2"],
])("Stripe's %s names its operation", (type, object, operationKey) => {
  expect(readNotification(event(type, object))).toEqual({ notificationId: "evt_1", operationKey });
});

test.each([
  ["another kind", event("customer.created", { id: "cus_1", metadata: keys })],
  ["a payment that is not ours", event("payment_intent.succeeded", intent("succeeded"))],
  ["no metadata at all", event("payment_intent.succeeded", { id: "pi_1", metadata: null })],
  ["no id", { object: "event", type: "payment_intent.succeeded", data: { object: intent("succeeded", { metadata: keys }) } }],
  ["nothing", undefined],
])("a notification of %s says nothing", (_what, body) => {
  expect(readNotification(body)).toBeUndefined();
});

test("the simulated provider's names its operation", () => {
  expect(readNotification({ id: "evt_1", type: "payment.updated", operationKey: keys.capture_key })).toEqual({
    notificationId: "evt_1",
    operationKey: keys.capture_key,
  });
});
