/**
 * What the pipeline asks of a payment provider, in words that hold for each of them.
 *
 * Every operation has a key. A provider does the operation of a key at most once, and answers a repeated key with what
 * became of the first. An adapter answers; it throws only for a defect, and then the outcome counts as unknown.
 */
import type { OperationKind } from "../tables.ts";

export interface PaymentRequest {
  /** `order:{id}:{kind}:{number}`: the provider's idempotency key. */
  readonly key: string;
  readonly kind: OperationKind;
  readonly orderId: string;
  /** Minor units of `currency`. */
  readonly amount: number;
  readonly currency: string;
  /** What is charged, a token. Used by `authorize` only. */
  readonly paymentMethod: string;
  /** The provider's reference of the authorization; empty for `authorize`. */
  readonly authorization: string;
}

export type PaymentResult =
  /** It was done. `captured`: the payment method knows no separate capture, so an authorization took the money at once. */
  | { readonly outcome: "succeeded"; readonly reference: string; readonly captured?: boolean }
  /** It was not done and never will be: the card, the bank, the authorization say no. */
  | { readonly outcome: "declined"; readonly reason: string }
  /** It was not done, through no fault of the customer: it may be tried under the next number. */
  | { readonly outcome: "failed"; readonly reason: string }
  /** Nobody knows yet: ask with `lookup`, never with another key. */
  | { readonly outcome: "unknown"; readonly reason: string };

/** `absent`: the provider does not know the key; then the same key may be sent again. */
export type LookupResult = PaymentResult | { readonly outcome: "absent" };

export interface PaymentProvider {
  readonly name: string;
  /** Holds `amount` on the payment method; the reference names the authorization from then on. */
  authorize(request: PaymentRequest, signal?: AbortSignal): Promise<PaymentResult>;
  /** Takes `amount` of an authorization. */
  capture(request: PaymentRequest, signal?: AbortSignal): Promise<PaymentResult>;
  /** Gives back `amount` of what was captured. */
  refund(request: PaymentRequest, signal?: AbortSignal): Promise<PaymentResult>;
  /** Lets an authorization go that was not captured. */
  void(request: PaymentRequest, signal?: AbortSignal): Promise<PaymentResult>;
  /** What became of a key. Changes nothing at the provider. */
  lookup(request: PaymentRequest, signal?: AbortSignal): Promise<LookupResult>;
}
