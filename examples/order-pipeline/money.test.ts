import fc from "fast-check";
import { expect, test } from "vitest";
import { amount, formatMoney, largestAmount, positiveAmount, sum, times, totalOf } from "./money.ts";

test("a total is the exact sum of its lines", () => {
  expect(
    totalOf([
      { quantity: 3, unitPrice: 10 },
      { quantity: 1, unitPrice: 20 },
    ]),
  ).toBe(50);
  expect(sum([])).toBe(0);
});

test("whatever is added stays a whole number, or is refused", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ quantity: fc.integer({ min: 1, max: 1_000 }), unitPrice: fc.integer({ min: 1, max: 1_000_000 }) })), (lines) => {
      const exact = lines.reduce((total, line) => total + BigInt(line.quantity) * BigInt(line.unitPrice), 0n);
      expect(BigInt(totalOf(lines))).toBe(exact);
    }),
  );
});

test.each([0.1, -1, Number.NaN, Number.POSITIVE_INFINITY, largestAmount + 1])("%d is no amount", (value) => {
  expect(() => times(value, 1)).toThrow(RangeError);
  expect(amount.safeParse(value).success).toBe(false);
});

test("nothing is an amount, but not one to be charged", () => {
  expect(amount.safeParse(0).success).toBe(true);
  expect(positiveAmount.safeParse(0).success).toBe(false);
});

test.each([
  [1_250, "EUR", "€12.50"],
  [1_250, "JPY", "¥1,250"],
  [1_250, "KWD", "KWD 1.250"],
])("%i minor units of %s read %s", (minor, currency, text) => {
  expect(formatMoney(minor, currency).replaceAll("\u00a0", " ")).toBe(text);
});
