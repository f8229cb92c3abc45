import { describe, expect, test } from "vitest";
import { openDoor, type Door } from "./door.ts";

const as = "publisher";
const body = { quantity: 1 };
const header = "x-correlation-id";
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async function flowOf(door: Door): Promise<readonly string[]> {
  return (await door.queue.inspect.events({ type: "order.placed", after: 0 })).map(({ correlationId }) => correlationId);
}

describe("one id links a request with its events, their deliveries, and what is observed", () => {
  test.each([
    ["the caller's own", { [header]: "r-1", traceparent }, /^r-1$/],
    ["that of the trace", { traceparent }, /^0af7651916cd43dd8448eb211c80319c$/],
    ["a new one", {}, /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/],
  ])("%s", async (_name, headers, pattern) => {
    await using door = await openDoor();
    const response = await door.ask("/orders/7", { as, body, headers });
    const id = response.headers.get(header) ?? "";
    expect(id).toMatch(pattern);
    await door.queue.start();
    await door.queue.idle();
    expect(await flowOf(door)).toEqual([id]);
    const told = door.facts.filter((fact) => fact.type === "request" || fact.type === "settled").map((fact) => [fact.type, fact.correlationId]);
    expect(told).toEqual([
      ["request", id],
      ["settled", id],
    ]);
  });

  test("a refused request is answered with it too, each with another one", async () => {
    await using door = await openDoor();
    const ids = await Promise.all([1, 2].map(async () => (await door.ask("/orders/7", { as, body: { quantity: -1 } })).headers.get(header)));
    expect(new Set(ids).size).toBe(2);
    expect(ids).not.toContain(null);
    expect((await door.ask("/orders/7", { as, body, headers: { [header]: "x".repeat(300) } })).status).toBe(400);
  });

  test("a request that is sent again is answered with that of the first", async () => {
    await using door = await openDoor();
    const ask = (): Promise<Response> => door.ask("/orders/7", { as, body, headers: { "idempotency-key": "k-1" } });
    const [first, again] = [await ask(), await ask()];
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(again.headers.get(header)).toBe(first.headers.get(header));
    expect(await flowOf(door)).toEqual([first.headers.get(header)]);
  });
});
