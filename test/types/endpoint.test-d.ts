import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { defineApp, defineEndpoint, defineEvent, defineSchedule, type Queue, type Receipt } from "pulsequeue";
import { mailSent, orderCancelled, orderPlaced, orders, stock, stripeKey } from "./declarations.ts";

const input = z.object({ orderId: z.string(), count: z.string().transform(Number) });
const output = z.object({ orderId: z.string(), total: z.number() });

describe("endpoints", () => {
  test("see the body as the input schema returns it, and answer with what the output schema accepts", () => {
    defineEndpoint("e", {
      method: "POST",
      path: "/orders/:id",
      auth: "api-key",
      input,
      output,
      handle(request) {
        expectTypeOf(request.input).toEqualTypeOf<{ orderId: string; count: number }>();
        expectTypeOf(request.principal).toEqualTypeOf<string>();
        return { status: 201, body: { orderId: request.input.orderId, total: request.input.count } };
      },
    });
  });

  test("have an unknown body without an input schema", () => {
    defineEndpoint("e", {
      method: "GET",
      path: "/",
      auth: "public",
      handle(request) {
        expectTypeOf(request.input).toEqualTypeOf<unknown>();
        return { body: { anything: [1, "two"] } };
      },
    });
  });

  test("do not compile with another answer than the output schema's", () => {
    // @ts-expect-error -- total is missing
    defineEndpoint("e", { method: "GET", path: "/", auth: "public", output, handle: () => ({ body: { orderId: "1" } }) });
    // @ts-expect-error -- total is a number
    defineEndpoint("e", { method: "GET", path: "/", auth: "public", output, handle: async () => ({ body: { orderId: "1", total: "5" } }) });
  });

  test("do not compile without auth, or with an unknown one or an unknown method", () => {
    // @ts-expect-error -- auth must be written out
    defineEndpoint("e", { method: "GET", path: "/", handle: () => ({}) });
    // @ts-expect-error -- no such auth
    defineEndpoint("e", { method: "GET", path: "/", auth: "none", handle: () => ({}) });
    // @ts-expect-error -- no such method
    defineEndpoint("e", { method: "FETCH", path: "/", auth: "public", handle: () => ({}) });
  });

  test("have the same context as a handler: only what is declared", () => {
    defineEndpoint("e", {
      method: "POST",
      path: "/",
      auth: "jwt",
      reads: [stock],
      writes: [orders],
      emits: [mailSent],
      handle(_request, ctx) {
        ctx.tables.orders.put({ id: "1", state: "open", total: 5 });
        ctx.emit(mailSent, { to: "a@example.org" });
        // @ts-expect-error -- read-only
        ctx.tables.stock.delete({ tenant: "t", shelf: 1 });
        // @ts-expect-error -- not in `emits`
        ctx.emit(orderCancelled, { orderId: "1", reason: "customer" });
        // @ts-expect-error -- not in `secrets`
        ctx.secret(stripeKey);
        return {};
      },
    });
  });
});

describe("schedules", () => {
  const due = defineEvent("due", { schema: z.object({ scheduledAt: z.string() }) });

  test("run by cron in a timezone, or every so often, never both", () => {
    defineSchedule("s", { cron: "0 3 * * *", timezone: "Europe/Berlin", emits: [due] });
    defineSchedule("s", { every: "30s", emits: [due] });
    // @ts-expect-error -- one of the two
    defineSchedule("s", { cron: "0 3 * * *", every: "30s", emits: [due] });
    // @ts-expect-error -- one of the two
    defineSchedule("s", { emits: [due] });
    // @ts-expect-error -- a period has no timezone
    defineSchedule("s", { every: "30s", timezone: "Europe/Berlin", emits: [due] });
  });

  test("see their tick and only what they declare", () => {
    defineSchedule("s", {
      every: "30s",
      writes: [orders],
      handle(tick, ctx) {
        expectTypeOf(tick.scheduledAt).toEqualTypeOf<string>();
        ctx.tables.orders.delete("1");
        // @ts-expect-error -- not in `emits`
        ctx.emit(due, tick);
      },
    });
  });
});

declare const queue: Queue;

describe("the queue", () => {
  test("publishes a declared event with what its schema accepts", () => {
    expectTypeOf(queue.publish(orderPlaced, { orderId: "1", total: 5, placedAt: "2026-01-01T00:00:00Z" })).toEqualTypeOf<Promise<Receipt>>();
    expectTypeOf(queue.publishMany(mailSent, [{ to: "a@example.org" }])).toEqualTypeOf<Promise<readonly Receipt[]>>();
    // @ts-expect-error -- total is a number
    void queue.publish(orderPlaced, { orderId: "1", total: "5", placedAt: "" });
    // @ts-expect-error -- a list of data, not of texts
    void queue.publishMany(mailSent, ["a@example.org"]);
    // @ts-expect-error -- an event is a declaration, not a name
    void queue.publish("order.placed", { orderId: "1", total: 5, placedAt: "" });
  });

  test("inspects a table by its own types", () => {
    expectTypeOf(queue.inspect.table(stock).get).parameter(0).toEqualTypeOf<{ tenant: string; shelf: number }>();
    // @ts-expect-error -- the key is a string
    void queue.inspect.table(orders).get(1);
  });

  test("operates only with a reason", () => {
    void queue.operate.redrive({ handler: "h" }, { reason: "provider is back" });
    // @ts-expect-error -- no reason
    void queue.operate.redrive({ handler: "h" }, {});
    // @ts-expect-error -- no options
    void queue.operate.pause("h");
  });
});

describe("apps", () => {
  test("take handlers, endpoints and schedules each in their list", () => {
    const schedule = defineSchedule("s", { every: "30s", writes: [orders], handle() {} });
    expectTypeOf(defineApp("shop", { schedules: [schedule], unhandled: [mailSent] }).name).toEqualTypeOf<"shop">();
    // @ts-expect-error -- a schedule is no handler
    void (() => defineApp("shop", { handlers: [schedule] }));
    // @ts-expect-error -- a list of declarations, not of names
    void (() => defineApp("shop", { unhandled: ["mail.sent"] }));
  });
});
