import { describe, expectTypeOf, test } from "vitest";
import { defineHandler, type HandlerDefinition } from "pulsequeue";
import { mailSent, orderCancelled, orderPlaced, orders, smtpKey, stock, stripeKey } from "./declarations.ts";

describe("the event a handler sees", () => {
  test("is what the schema returns, with the event's name as its type", () => {
    defineHandler("h", {
      on: orderPlaced,
      handle(event) {
        expectTypeOf(event.type).toEqualTypeOf<"order.placed">();
        expectTypeOf(event.data).toEqualTypeOf<{ orderId: string; total: number; placedAt: Date }>();
        expectTypeOf(event.key).toEqualTypeOf<string | undefined>();
        expectTypeOf(event.correlationId).toEqualTypeOf<string>();
      },
    });
  });

  test("is a union that narrows by type where several events are handled", () => {
    defineHandler("h", {
      on: [orderPlaced, orderCancelled],
      handle(event) {
        expectTypeOf(event.type).toEqualTypeOf<"order.placed" | "order.cancelled">();
        expectTypeOf(event.data.orderId).toEqualTypeOf<string>();
        // @ts-expect-error -- only one member of the union has a reason
        void event.data.reason;
        if (event.type === "order.cancelled") expectTypeOf(event.data.reason).toEqualTypeOf<"customer" | "payment">();
        else expectTypeOf(event.data.placedAt).toEqualTypeOf<Date>();
      },
    });
  });

  test("cannot be changed", () => {
    defineHandler("h", {
      on: orderPlaced,
      handle(event) {
        // @ts-expect-error -- an event is read-only
        event.id = "other";
      },
    });
  });

  test("is given to a concurrency key too", () => {
    defineHandler("h", { on: orderPlaced, concurrency: { limit: 1, key: (event) => event.data.orderId }, handle() {} });
    // @ts-expect-error -- the data has no such field
    defineHandler("h", { on: orderPlaced, concurrency: { limit: 1, key: (event) => event.data.customer }, handle() {} });
    // @ts-expect-error -- a key is a string
    defineHandler("h", { on: orderPlaced, concurrency: { limit: 1, key: (event) => event.data.total }, handle() {} });
  });
});

describe("emit", () => {
  test("takes a declared event with what its schema accepts", () => {
    defineHandler("h", {
      on: orderCancelled,
      emits: [orderPlaced, mailSent],
      handle(_event, ctx) {
        ctx.emit(orderPlaced, { orderId: "1", total: 5, placedAt: "2026-01-01T00:00:00Z" }, { delay: "15m", key: "1", id: "a" });
        ctx.emit(mailSent, { to: "a@example.org" }, { at: new Date(0) });
      },
    });
  });

  test("refuses an event that was not declared", () => {
    defineHandler("h", {
      on: orderPlaced,
      emits: [mailSent],
      handle(_event, ctx) {
        // @ts-expect-error -- not in `emits`
        ctx.emit(orderCancelled, { orderId: "1", reason: "customer" });
      },
    });
    defineHandler("h", {
      on: orderPlaced,
      handle(_event, ctx) {
        // @ts-expect-error -- nothing is declared in `emits`, not even the event it handles
        ctx.emit(orderPlaced, { orderId: "1", total: 5, placedAt: "" });
      },
    });
  });

  test("refuses another payload: wrong type, missing field, unknown field, the output instead of the input", () => {
    defineHandler("h", {
      on: orderCancelled,
      emits: [orderPlaced],
      handle(_event, ctx) {
        // @ts-expect-error -- total is a number
        ctx.emit(orderPlaced, { orderId: "1", total: "5", placedAt: "" });
        // @ts-expect-error -- placedAt is missing
        ctx.emit(orderPlaced, { orderId: "1", total: 5 });
        // @ts-expect-error -- no such field
        ctx.emit(orderPlaced, { orderId: "1", total: 5, placedAt: "", colour: "red" });
        // @ts-expect-error -- what is stored is the schema's input, a text
        ctx.emit(orderPlaced, { orderId: "1", total: 5, placedAt: new Date(0) });
      },
    });
  });

  test("refuses the payload of another declared event, and a delay that is none", () => {
    defineHandler("h", {
      on: orderCancelled,
      emits: [orderPlaced, mailSent],
      handle(_event, ctx) {
        // @ts-expect-error -- that is another event's data
        ctx.emit(mailSent, { orderId: "1", total: 5, placedAt: "" });
        // @ts-expect-error -- a unit is missing
        ctx.emit(mailSent, { to: "a@example.org" }, { delay: "15 minutes" });
      },
    });
  });
});

describe("secrets", () => {
  test("a declared one is a text", () => {
    defineHandler("h", {
      on: orderPlaced,
      secrets: [stripeKey],
      handle(_event, ctx) {
        expectTypeOf(ctx.secret(stripeKey)).toEqualTypeOf<string>();
      },
    });
  });

  test("an undeclared one, or a mere name, does not compile", () => {
    defineHandler("h", {
      on: orderPlaced,
      secrets: [stripeKey],
      handle(_event, ctx) {
        // @ts-expect-error -- not in `secrets`
        ctx.secret(smtpKey);
        // @ts-expect-error -- a secret is a declaration
        ctx.secret("stripe-key");
      },
    });
    defineHandler("h", {
      on: orderPlaced,
      handle(_event, ctx) {
        // @ts-expect-error -- nothing is declared in `secrets`
        ctx.secret(stripeKey);
      },
    });
  });
});

/** As a provider's own types come: an interface, optional fields, unions. */
interface Payment {
  readonly id: string;
  readonly amount?: number;
  readonly status: "paid" | "declined";
  readonly card: { readonly last4: string } | null;
}
declare const provider: { charge(): Promise<Payment>; notify(): Promise<void> };

describe("the rest of the context", () => {
  test("a step gives what its function gives, and only JSON", () => {
    defineHandler("h", {
      on: orderPlaced,
      async handle(_event, ctx) {
        expectTypeOf(await ctx.step("charge", () => ({ id: "x", amount: 1 }))).toEqualTypeOf<{ id: string; amount: number }>();
        expectTypeOf(await ctx.step("ping", async () => undefined)).toEqualTypeOf<undefined>();
        expectTypeOf(await ctx.step("pay", () => provider.charge())).toEqualTypeOf<Payment>();
        expectTypeOf(await ctx.step("list", async () => [{ id: "x", tags: ["a"] }])).toEqualTypeOf<{ id: string; tags: string[] }[]>();
        expectTypeOf(ctx.step("notify", () => provider.notify())).toEqualTypeOf<Promise<void>>();
        // @ts-expect-error -- a date would come back as a text
        await ctx.step("bad", () => ({ at: new Date(0) }));
        // @ts-expect-error -- a bigint is not JSON
        await ctx.step("bad", async () => 1n);
        // @ts-expect-error -- a function is not JSON
        await ctx.step("bad", () => ({ call: () => 1 }));
        // @ts-expect-error -- a Map is not JSON
        await ctx.step("bad", () => new Map());
      },
    });
  });

  test("time, chance and the signal have plain types", () => {
    defineHandler("h", {
      on: orderPlaced,
      handle(_event, ctx) {
        expectTypeOf(ctx.now()).toEqualTypeOf<number>();
        expectTypeOf(ctx.random()).toEqualTypeOf<number>();
        expectTypeOf(ctx.attempt).toEqualTypeOf<number>();
        expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>();
        expectTypeOf(ctx.idempotencyKey("charge")).toEqualTypeOf<string>();
      },
    });
  });
});

describe("options", () => {
  test("a handler keeps its name as a literal, and can be listed with others", () => {
    const one = defineHandler("one", { on: orderPlaced, writes: [orders], handle() {} });
    const two = defineHandler("two", { on: [orderPlaced, mailSent], reads: [stock], handle() {} });
    expectTypeOf(one.name).toEqualTypeOf<"one">();
    const list: readonly HandlerDefinition[] = [one, two];
    void list;
  });

  test("options that do not exist, or miss `on` or `handle`, do not compile", () => {
    // @ts-expect-error -- no such option
    defineHandler("h", { on: orderPlaced, retries: 5, handle() {} });
    // @ts-expect-error -- no event
    defineHandler("h", { handle() {} });
    // @ts-expect-error -- nothing to run
    defineHandler("h", { on: orderPlaced });
    // @ts-expect-error -- a table is no event
    defineHandler("h", { on: orders, handle() {} });
    // @ts-expect-error -- an event is no table
    defineHandler("h", { on: orderPlaced, writes: [mailSent], handle() {} });
    // @ts-expect-error -- a duration has a unit
    defineHandler("h", { on: orderPlaced, timeout: "soon", handle() {} });
  });
});
