import { describe, expect, test } from "vitest";
import { closing, hasEnded, interrupted, moved, resumed } from "./order.ts";
import { customer } from "./test-shop.ts";
import { never, plainStates, type Order } from "./tables.ts";

const now = 1_000;
const order: Order = {
  id: "order-001",
  placedBy: "ada",
  state: "PENDING",
  reason: "none",
  detail: "",
  stockReleased: false,
  customer,
  paymentMethod: "tok_visa",
  lines: [{ sku: "apple", quantity: 1, unitPrice: 100 }],
  total: 100,
  currency: "EUR",
  holdExpiresAt: 500,
  holdExtended: false,
  placedAt: 0,
  updatedAt: 0,
};

const allowed: Readonly<Record<(typeof plainStates)[number], readonly string[]>> = {
  PENDING: ["RESERVED", "CANCELLED"],
  RESERVED: ["CAPTURING", "CONFIRMED", "CLOSING"],
  CAPTURING: ["CONFIRMED", "CLOSING"],
  CLOSING: ["CANCELLED", "EXPIRED", "REFUNDED"],
  CONFIRMED: ["REFUNDED"],
  CANCELLED: ["CLOSING"],
  EXPIRED: ["CLOSING"],
  REFUNDED: ["CLOSING"],
};

describe.each(plainStates)("an order that is %s", (from) => {
  test.each(plainStates)("and %s", (to) => {
    const move = (): Order => moved({ ...order, state: from }, to, now);
    if (allowed[from].includes(to)) expect(move()).toMatchObject({ state: to, updatedAt: now });
    else expect(move).toThrow(`An order that is ${from} cannot become ${to}`);
  });
});

test("an order that needs attention moves only once it is resumed", () => {
  const waiting = interrupted({ ...order, state: "CAPTURING" }, "look at it", now);
  expect(waiting).toMatchObject({ state: "NEEDS_ATTENTION", interrupted: "CAPTURING", detail: "look at it" });
  expect(() => moved(waiting, "CONFIRMED", now)).toThrow("cannot become");
  expect(moved(resumed(waiting), "CONFIRMED", now)).toMatchObject({ state: "CONFIRMED", interrupted: undefined });
});

test("an order that needs attention already keeps its first cause", () => {
  const waiting = interrupted(order, "first", now);
  expect(interrupted(waiting, "second", now + 1)).toBe(waiting);
});

test("a closing order holds nothing that could run out, and knows why it ends", () => {
  expect(closing({ ...order, state: "RESERVED" }, "EXPIRED", "hold_expired", "too late", now)).toMatchObject({
    state: "CLOSING",
    outcome: "EXPIRED",
    reason: "hold_expired",
    holdExpiresAt: never,
  });
});

test("what has ended", () => {
  expect(plainStates.filter(hasEnded)).toEqual(["CONFIRMED", "CANCELLED", "EXPIRED", "REFUNDED"]);
  expect(hasEnded("NEEDS_ATTENTION")).toBe(false);
});
