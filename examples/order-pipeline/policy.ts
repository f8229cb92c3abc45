/** Times (milliseconds) and bounds of the pipeline. `createOrdersApp` takes others. */
export interface Policy {
  /** How long stock is held for an order before its payment starts. */
  readonly holdFor: number;
  /** How long it is held once the payment has started; the hold is made longer once only. */
  readonly holdForPayment: number;
  /** Wait before the provider is asked about an unknown outcome; it doubles with each further time. */
  readonly lookupAfter: number;
  /** Questions about one unknown outcome before a person must look. */
  readonly mostLookups: number;
  /** Wait before an operation that is known to have failed is tried under its next number; it doubles too. */
  readonly tryAgainAfter: number;
  /** Tries of one operation, the first included. */
  readonly mostTries: number;
  /** An open order that nothing has touched for so long needs attention. */
  readonly stuckAfter: number;
}

export const defaultPolicy: Policy = {
  holdFor: 10 * 60_000,
  holdForPayment: 15 * 60_000,
  lookupAfter: 2_000,
  mostLookups: 8,
  tryAgainAfter: 1_000,
  mostTries: 3,
  stuckAfter: 30 * 60_000,
};
