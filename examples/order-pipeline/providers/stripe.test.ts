import { describe, expect, test } from "vitest";
import type { LookupResult, PaymentProvider, PaymentRequest } from "./port.ts";
import { chargeId, error, intent, intentId, list, ok, recordedStripe, refund, type Recorded, type Sent } from "./stripe-fixtures.ts";
import { stripeProvider } from "./stripe.ts";

type Call = "authorize" | "capture" | "refund" | "void" | "lookup";

function request(kind: PaymentRequest["kind"], amount = 2_500): PaymentRequest {
  const authorization = kind === "authorize" ? "" : intentId;
  return { key: `order:order-001:${kind}:1`, kind, orderId: "order-001", amount, currency: "EUR", paymentMethod: "pm_card_visa", authorization };
}

async function run(
  call: Call,
  kind: PaymentRequest["kind"],
  ...answers: readonly (Recorded | Error)[]
): Promise<{ readonly result: LookupResult; readonly sent: readonly Sent[] }> {
  const { stripe, sent } = recordedStripe(answers);
  const provider: PaymentProvider = stripeProvider(stripe);
  return { result: await provider[call](request(kind)), sent };
}

describe("authorize", () => {
  test("makes a PaymentIntent that is captured by hand, under the operation's key", async () => {
    const { result, sent } = await run("authorize", "authorize", ok(intent("requires_capture")));
    expect(result).toEqual({ outcome: "succeeded", reference: intentId });
    expect(sent).toEqual([
      {
        method: "POST",
        path: "/v1/payment_intents",
        idempotencyKey: "order:order-001:authorize:1",
        form: {
          amount: "2500",
          currency: "eur",
          payment_method: "pm_card_visa",
          "allowed_payment_method_types[0]": "card",
          capture_method: "manual",
          confirm: "true",
          error_on_requires_action: "true",
          "metadata[order_id]": "order-001",
          "metadata[authorize_key]": "order:order-001:authorize:1",
        },
      },
    ]);
  });

  test.each([
    [
      "a declined card",
      error(402, "card_error", { code: "card_declined", decline_code: "insufficient_funds" }),
      { outcome: "declined", reason: "card_declined" },
    ],
    [
      "a card that wants the customer",
      error(402, "card_error", { code: "authentication_required" }),
      { outcome: "declined", reason: "authentication_required" },
    ],
    [
      "a payment method that does not exist",
      error(400, "invalid_request_error", { code: "resource_missing", param: "payment_method" }),
      { outcome: "declined", reason: "payment_method_unknown" },
    ],
    [
      "a failed attempt",
      ok(intent("requires_payment_method", { last_payment_error: { code: "expired_card", type: "card_error" } })),
      { outcome: "declined", reason: "expired_card" },
    ],
    ["a broken connection", new Error("socket hang up"), { outcome: "unknown", reason: "connection_error" }],
    ["an error of Stripe's", error(500, "api_error"), { outcome: "unknown", reason: "api_error" }],
    ["too many requests", error(429, "invalid_request_error", { code: "rate_limit" }), { outcome: "failed", reason: "rate_limit" }],
    ["a request under way with the same key", error(409, "idempotency_error", { code: "idempotency_key_in_use" }), { outcome: "unknown", reason: "api_error" }],
    ["a payment that is being processed", ok(intent("processing")), { outcome: "unknown", reason: "processing" }],
    ["a method that captures at once", ok(intent("succeeded")), { outcome: "succeeded", reference: intentId, captured: true }],
  ])("answers %s", async (_what, answer, expected) => {
    expect((await run("authorize", "authorize", answer)).result).toEqual(expected);
  });

  test.each([
    ["a wrong key of ours", error(401, "invalid_request_error")],
    ["a missing permission", error(403, "invalid_request_error")],
    ["a request that Stripe does not understand", error(400, "invalid_request_error", { code: "parameter_unknown", param: "colour" })],
    ["a key that was used with other parameters", error(400, "idempotency_error")],
  ])("throws for %s: no order ends for it", async (_what, answer) => {
    await expect(run("authorize", "authorize", answer)).rejects.toThrow("recorded");
  });
});

describe("capture", () => {
  test("takes the amount of the authorization, under its own key", async () => {
    const { result, sent } = await run("capture", "capture", ok(intent("succeeded")));
    expect(result).toEqual({ outcome: "succeeded", reference: chargeId });
    expect(sent).toMatchObject([
      {
        method: "POST",
        path: `/v1/payment_intents/${intentId}/capture`,
        idempotencyKey: "order:order-001:capture:1",
        form: { amount_to_capture: "2500", "metadata[capture_key]": "order:order-001:capture:1" },
      },
    ]);
  });

  test.each([
    [
      "an intent in another state: the lookup tells",
      error(400, "invalid_request_error", { code: "payment_intent_unexpected_state" }),
      { outcome: "unknown", reason: "payment_intent_unexpected_state" },
    ],
    ["a broken connection", new Error("ECONNRESET"), { outcome: "unknown", reason: "connection_error" }],
    ["an answer that does not show the capture", ok(intent("requires_capture")), { outcome: "unknown", reason: "not done yet" }],
  ])("answers %s", async (_what, answer, expected) => {
    expect((await run("capture", "capture", answer)).result).toEqual(expected);
  });
});

describe("refund", () => {
  test("gives back a part, under its own key", async () => {
    const { result, sent } = await run("refund", "refund", ok(refund("succeeded")));
    expect(result).toEqual({ outcome: "succeeded", reference: "re_3Recorded000000000001" });
    expect(sent).toMatchObject([
      {
        path: "/v1/refunds",
        idempotencyKey: "order:order-001:refund:1",
        form: { payment_intent: intentId, amount: "2500", "metadata[refund_key]": "order:order-001:refund:1" },
      },
    ]);
  });

  test.each([
    ["pending", { outcome: "unknown", reason: "pending" }],
    ["requires_action", { outcome: "unknown", reason: "requires_action" }],
    ["failed", { outcome: "declined", reason: "failed" }],
    ["canceled", { outcome: "declined", reason: "canceled" }],
  ])("that is %s", async (status, expected) => {
    expect((await run("refund", "refund", ok(refund(status)))).result).toEqual(expected);
  });
});

describe("void", () => {
  test("cancels the intent", async () => {
    const { result, sent } = await run("void", "void", ok(intent("canceled")));
    expect(result).toEqual({ outcome: "succeeded", reference: intentId });
    expect(sent).toMatchObject([{ path: `/v1/payment_intents/${intentId}/cancel`, idempotencyKey: "order:order-001:void:1" }]);
  });
});

describe("lookup", () => {
  test("finds an authorization by the key in its metadata, and sends no key that could do anything", async () => {
    const { result, sent } = await run("lookup", "authorize", ok(list("search_result", [intent("requires_capture")])));
    expect(result).toEqual({ outcome: "succeeded", reference: intentId });
    expect(sent).toEqual([
      {
        method: "GET",
        path: "/v1/payment_intents/search",
        idempotencyKey: undefined,
        form: { query: 'metadata["authorize_key"]:"order:order-001:authorize:1"', limit: "1" },
      },
    ]);
  });

  test.each<[string, PaymentRequest["kind"], Recorded, LookupResult]>([
    ["an authorization that Stripe does not know", "authorize", ok(list("search_result", [])), { outcome: "absent" }],
    ["a capture that was made", "capture", ok(intent("succeeded")), { outcome: "succeeded", reference: chargeId }],
    ["a capture that was not made", "capture", ok(intent("requires_capture")), { outcome: "absent" }],
    [
      "a capture of an intent that was cancelled",
      "capture",
      ok(intent("canceled", { cancellation_reason: "automatic" })),
      { outcome: "declined", reason: "automatic" },
    ],
    ["a void that was made", "void", ok(intent("canceled")), { outcome: "succeeded", reference: intentId }],
    ["a void that came after the capture", "void", ok(intent("succeeded")), { outcome: "declined", reason: "captured_already" }],
    ["a void that was not made", "void", ok(intent("requires_capture")), { outcome: "absent" }],
    [
      "a refund among others",
      "refund",
      ok(list("list", [refund("failed"), refund("succeeded", { id: "re_2", metadata: { refund_key: "order:order-001:refund:1" } })])),
      { outcome: "succeeded", reference: "re_2" },
    ],
    ["a refund that was not made", "refund", ok(list("list", [refund("succeeded")])), { outcome: "absent" }],
    ["a question that Stripe cannot answer now", "capture", error(500, "api_error"), { outcome: "unknown", reason: "api_error" }],
  ])("tells of %s", async (_what, kind, answer, expected) => {
    expect((await run("lookup", kind, answer)).result).toEqual(expected);
  });
});
