/**
 * The payment port over Stripe: a PaymentIntent with manual capture per order, a Refund per refund.
 *
 * The operation's key is Stripe's idempotency key: Stripe replays its first answer for it, even a 500. It is also put into the
 * metadata, where lookups and notifications find it. Stripe's search runs behind by up to a minute, so `absent` can be wrong
 * for that long; the pipeline then sends the same key again, which charges once all the same.
 */
import Stripe from "stripe";
import type { LookupResult, PaymentProvider, PaymentRequest, PaymentResult } from "./port.ts";

/** Milliseconds one call may take: well below the time that the engine gives a handler. */
const callTimeout = 10_000;

/** The adapter over a client, e.g. `stripeProvider(new Stripe(secretKey))`. */
export function stripeProvider(stripe: Stripe): PaymentProvider {
  const once = (request: PaymentRequest): Stripe.RequestOptions => ({ idempotencyKey: request.key, timeout: callTimeout });
  const reading: Stripe.RequestOptions = { timeout: callTimeout };
  return {
    name: "stripe",
    authorize: (request) =>
      mapped(request, async () => {
        const intent = await stripe.paymentIntents.create(
          {
            amount: request.amount,
            currency: request.currency.toLowerCase(),
            payment_method: request.paymentMethod,
            allowed_payment_method_types: ["card"],
            capture_method: "manual",
            confirm: true,
            // The customer is not here to answer a challenge: then it is a decline, not an intent that waits for ever.
            error_on_requires_action: true,
            metadata: { order_id: request.orderId, authorize_key: request.key },
          },
          once(request),
        );
        return authorizationOf(intent);
      }),
    capture: (request) =>
      mapped(request, async () => {
        const change = { amount_to_capture: request.amount, metadata: { capture_key: request.key } };
        return sent(captureOf(await stripe.paymentIntents.capture(request.authorization, change, once(request))));
      }),
    refund: (request) =>
      mapped(request, async () => {
        const refund = { payment_intent: request.authorization, amount: request.amount, metadata: { refund_key: request.key } };
        return refundOf(await stripe.refunds.create(refund, once(request)));
      }),
    void: (request) => mapped(request, async () => sent(voidOf(await stripe.paymentIntents.cancel(request.authorization, {}, once(request))))),
    lookup: (request) =>
      mapped<LookupResult>(request, async () => {
        switch (request.kind) {
          case "authorize": {
            const found = await stripe.paymentIntents.search({ query: `metadata["authorize_key"]:"${request.key}"`, limit: 1 }, reading);
            const [intent] = found.data;
            return intent === undefined ? absent : authorizationOf(intent);
          }
          case "capture":
            return captureOf(await stripe.paymentIntents.retrieve(request.authorization, {}, reading));
          case "void":
            return voidOf(await stripe.paymentIntents.retrieve(request.authorization, {}, reading));
          case "refund": {
            const refunds = await stripe.refunds.list({ payment_intent: request.authorization, limit: 100 }, reading);
            const refund = refunds.data.find((one) => one.metadata?.["refund_key"] === request.key);
            return refund === undefined ? absent : refundOf(refund);
          }
        }
      }),
  };
}

const absent: LookupResult = { outcome: "absent" };

function unknown(reason: string): PaymentResult {
  return { outcome: "unknown", reason };
}

function authorizationOf(intent: Stripe.PaymentIntent): PaymentResult {
  switch (intent.status) {
    case "requires_capture":
      return { outcome: "succeeded", reference: intent.id };
    case "succeeded":
      // Captured with the authorization, or by hand since: the money is there, and the intent says so.
      return { outcome: "succeeded", reference: intent.id, captured: true };
    case "processing":
    case "requires_confirmation":
      return unknown(intent.status);
    default:
      return { outcome: "declined", reason: intent.last_payment_error?.code ?? intent.status };
  }
}

/** What an intent says about its capture. */
function captureOf(intent: Stripe.PaymentIntent): LookupResult {
  switch (intent.status) {
    case "succeeded":
      return { outcome: "succeeded", reference: chargeOf(intent) };
    case "requires_capture":
      return absent;
    case "processing":
      return unknown(intent.status);
    default:
      return { outcome: "declined", reason: intent.cancellation_reason ?? intent.status };
  }
}

/** What an intent says about its cancellation. */
function voidOf(intent: Stripe.PaymentIntent): LookupResult {
  switch (intent.status) {
    case "canceled":
      return { outcome: "succeeded", reference: intent.id };
    case "succeeded":
      return { outcome: "declined", reason: "captured_already" };
    default:
      return absent;
  }
}

function refundOf(refund: Stripe.Refund): PaymentResult {
  switch (refund.status) {
    case "succeeded":
      return { outcome: "succeeded", reference: refund.id };
    case "failed":
    case "canceled":
      return { outcome: "declined", reason: refund.failure_reason ?? refund.status };
    default:
      return unknown(refund.status ?? "no status");
  }
}

function chargeOf(intent: Stripe.PaymentIntent): string {
  const charge = intent.latest_charge;
  return (typeof charge === "string" ? charge : charge?.id) ?? intent.id;
}

/** An operation that was answered, and yet does not show in its intent. */
function sent(result: LookupResult): PaymentResult {
  return result.outcome === "absent" ? unknown("not done yet") : result;
}

/**
 * Runs `call` and says what its error means for the operation. A wrong key, a missing permission or a request that Stripe does
 * not understand is thrown: it is ours to repair, and no order should end for it.
 */
async function mapped<Result extends LookupResult>(request: PaymentRequest, call: () => Promise<Result>): Promise<Result | PaymentResult> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Stripe.errors.StripeCardError) return { outcome: "declined", reason: error.code ?? "card_error" };
    // Refused before anything was done.
    if (error instanceof Stripe.errors.StripeRateLimitError) return { outcome: "failed", reason: "rate_limit" };
    if (error instanceof Stripe.errors.StripeConnectionError) return unknown("connection_error");
    // Stripe failed, or a request with this key is still under way there (409).
    if (error instanceof Stripe.errors.StripeAPIError) return unknown("api_error");
    if (error instanceof Stripe.errors.StripeInvalidRequestError) {
      // Captured or cancelled already, by whomever: the intent itself tells.
      if (error.code === "payment_intent_unexpected_state") return unknown(error.code);
      if (error.code === "charge_already_refunded") return unknown(error.code);
      if (request.kind === "authorize" && error.param === "payment_method") return { outcome: "declined", reason: "payment_method_unknown" };
    }
    throw error;
  }
}
