/** What every peer publishes: 182 bytes of JSON, six fields. */
export interface Job {
  readonly orderId: string;
  readonly customerId: string;
  readonly amount: number;
  readonly currency: string;
  readonly quantity: number;
  readonly note: string;
}

/** What the handler of work B emits: how often its customer had ordered, this order included. */
export interface FollowUp {
  readonly orderId: string;
  readonly customerId: string;
  readonly count: number;
}

/** The state row of one customer: how many orders, and the amount of one that was last. */
export interface Total {
  readonly customerId: string;
  readonly count: number;
  readonly amount: number;
}

/** How many different customers the jobs belong to. */
export const spreadKeys = 1_000;
/** Few enough that a key repeats within every batch that any peer takes. */
export const hotKeys = 10;

const note = "x".repeat(72);

/** The job with this number; its amount tells jobs of one customer apart. */
export function job(number: number, keys: number = spreadKeys): Job {
  return {
    orderId: `ord_${String(number).padStart(8, "0")}`,
    customerId: `cus_${String(number % keys).padStart(8, "0")}`,
    amount: (10_095 + 100 * (number % 97) + (number % 5)) / 100,
    currency: "EUR",
    quantity: 3,
    note,
  };
}

/** Jobs `first`, `first + 1`, …, in lists of at most `size`: as bulk publishers send them. */
export function* jobChunks(
  count: number,
  options: { readonly first?: number; readonly size?: number; readonly keys?: number } = {},
): Generator<readonly Job[], void> {
  const { first = 0, size = 1_000, keys = spreadKeys } = options;
  for (let done = 0; done < count; done += size) {
    yield Array.from({ length: Math.min(size, count - done) }, (_, index) => job(first + done + index, keys));
  }
}
