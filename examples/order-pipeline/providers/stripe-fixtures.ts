/**
 * Answers in the shapes that Stripe's API has (version 2026-10-28.endive, as the official SDK states them), behind the SDK's own
 * injectable HTTP client: no request leaves the process.
 */
import Stripe from "stripe";

export interface Recorded {
  readonly status: number;
  readonly body: unknown;
}

/** What the adapter sent. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly idempotencyKey: string | undefined;
  readonly form: Readonly<Record<string, string>>;
}

/** A client that answers from `answers`, in their order; a thrown one is a connection that broke. */
export function recordedStripe(answers: readonly (Recorded | Error)[]): { readonly stripe: Stripe; readonly sent: readonly Sent[] } {
  const sent: Sent[] = [];
  const left = [...answers];
  const answer = (input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    const body = typeof init?.body === "string" ? init.body : "";
    const form = Object.fromEntries(new URLSearchParams(body === "" ? url.search : body));
    sent.push({ method: init?.method ?? "GET", path: url.pathname, idempotencyKey: new Headers(init?.headers).get("idempotency-key") ?? undefined, form });
    const next = left.shift();
    if (next === undefined) return Promise.reject(new Error("More requests than recorded answers"));
    if (next instanceof Error) return Promise.reject(next);
    return Promise.resolve(Response.json(next.body, { status: next.status, headers: { "request-id": `req_${String(sent.length)}` } }));
  };
  const stripe = new Stripe("sk_test_recorded", { httpClient: Stripe.createFetchHttpClient(answer), maxNetworkRetries: 0, telemetry: false });
  return { stripe, sent };
}

export const intentId = "pi_3Recorded000000000001";
export const chargeId = "ch_3Recorded000000000001";

/** A PaymentIntent, as far as the adapter reads it and a little further. */
export function intent(status: string, change: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    id: intentId,
    object: "payment_intent",
    amount: 2_500,
    amount_capturable: status === "requires_capture" ? 2_500 : 0,
    amount_received: status === "succeeded" ? 2_500 : 0,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: "manual",
    confirmation_method: "automatic",
    created: 1_795_000_000,
    currency: "eur",
    customer: null,
    last_payment_error: null,
    latest_charge: chargeId,
    livemode: false,
    metadata: {},
    next_action: null,
    payment_method: "pm_1Recorded000000000001",
    payment_method_types: ["card"],
    status,
    ...change,
  };
}

export function refund(status: string, change: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    id: "re_3Recorded000000000001",
    object: "refund",
    amount: 500,
    charge: chargeId,
    created: 1_795_000_100,
    currency: "eur",
    metadata: {},
    payment_intent: intentId,
    reason: null,
    status,
    ...change,
  };
}

export function list(object: "list" | "search_result", data: readonly unknown[]): Readonly<Record<string, unknown>> {
  return { object, data, has_more: false, url: "/v1/recorded", ...(object === "search_result" ? { next_page: null } : {}) };
}

export function error(status: number, type: string, change: Readonly<Record<string, unknown>> = {}): Recorded {
  return { status, body: { error: { type, message: "recorded", ...change } } };
}

export function ok(body: unknown): Recorded {
  return { status: 200, body };
}
