/**
 * Money is a whole number of minor units (cents, pence, yen) with its currency beside it: never a float, never a string.
 * Whatever leaves the range in which JavaScript counts exactly is an error, not a rounded amount.
 */
import * as z from "zod";

/** The most that one amount may be: far above any order, far below 2^53. */
export const largestAmount = 1_000_000_000_000;

/** An amount in minor units, 0 or more. */
export const amount = z.int().min(0).max(largestAmount);

/** An amount in minor units, more than nothing. */
export const positiveAmount = z.int().min(1).max(largestAmount);

/** ISO 4217, e.g. `EUR`. */
export const currency = z.string().regex(/^[A-Z]{3}$/, "a currency is three capital letters");

/** `unit` × `quantity`. Throws `RangeError` unless the result is a whole amount in range. */
export function times(unit: number, quantity: number): number {
  return checked(unit * quantity);
}

/** The sum of `amounts`. Throws `RangeError` unless it is a whole amount in range. */
export function sum(amounts: Iterable<number>): number {
  let total = 0;
  for (const part of amounts) total = checked(total + part);
  return total;
}

/** What an order's lines cost together. */
export function totalOf(lines: readonly { readonly quantity: number; readonly unitPrice: number }[]): number {
  return sum(lines.map((line) => times(line.unitPrice, line.quantity)));
}

/** For people, e.g. `€12.50`. Minor units per major unit come from the currency. */
export function formatMoney(minor: number, currencyCode: string): string {
  const format = new Intl.NumberFormat("en", { style: "currency", currency: currencyCode });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(minor / 10 ** digits);
}

function checked(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > largestAmount) throw new RangeError(`${String(value)} is not an amount in minor units`);
  return value;
}
