import { describe, expect, test } from "vitest";
import { batch, bodyOf, cloudEvent, openDoor, publish, showsInside, structured, type Ask, type Door } from "./door.ts";

/** The door refused with this code, stored nothing, counted it once, said nothing of its inside, and takes the next good event. */
async function refuses(door: Door, path: string, ask: Ask, status: number, code: string): Promise<Response> {
  const response = await door.ask(path, ask);
  const text = await response.text();
  expect({ status: response.status, code: (JSON.parse(text) as { code: string }).code }).toEqual({ status, code });
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(showsInside(text)).toBe(false);
  expect(await door.queue.inspect.events()).toEqual([]);
  expect(door.requests()).toHaveLength(1);
  expect(await publish(door, cloudEvent({ id: "good" }))).toMatchObject({ status: 202 });
  return response;
}

const event = JSON.stringify(cloudEvent());

describe("JSON", () => {
  const deep = (levels: number): string => event.replace('"quantity":1', `"quantity":1,"note":${"[".repeat(levels)}${"]".repeat(levels)}`);
  const note = (text: string): string => event.replace('"quantity":1', `"quantity":1,"note":${text}`);

  test.each([
    ["cut off", event.slice(0, -1), "REQUEST_INVALID"],
    ["followed by more", `${event} x`, "REQUEST_INVALID"],
    ["after a byte order mark", `\uFEFF${event}`, "REQUEST_INVALID"],
    ["empty", "", "REQUEST_INVALID"],
    ["with a NUL", `${event}\u0000`, "REQUEST_INVALID"],
    ["10 levels too deep", deep(42), "PAYLOAD_TOO_DEEP"],
    ["100,000 levels deep", deep(100_000), "PAYLOAD_TOO_DEEP"],
    ["open brackets without an end", "[".repeat(200_000), "PAYLOAD_TOO_DEEP"],
    ["with 1e999", note("1e999"), "PAYLOAD_UNSERIALISABLE"],
    ["with __proto__", note('{"__proto__":{"isAdmin":true}}'), "PAYLOAD_UNSERIALISABLE"],
    ["with __proto__ among the attributes", event.replace("{", '{"__proto__":{"data":1},'), "REQUEST_INVALID"],
    ["with an unknown field", event.replace('"quantity":1', '"quantity":1,"more":1'), "PAYLOAD_INVALID"],
    ["with a number as text", event.replace('"quantity":1', '"quantity":"1"'), "PAYLOAD_INVALID"],
    ["with a fraction", event.replace('"quantity":1', '"quantity":1.5'), "PAYLOAD_INVALID"],
    ["with -0", event.replace('"quantity":1', '"quantity":-0'), "PAYLOAD_INVALID"],
    ["with NaN", event.replace('"quantity":1', '"quantity":NaN'), "REQUEST_INVALID"],
    ["with 2^53+1", event.replace('"quantity":1', '"quantity":9007199254740993'), "PAYLOAD_INVALID"],
    ["with a number of 10,000 digits", event.replace('"quantity":1', `"quantity":${"1".repeat(10_000)}`), "PAYLOAD_UNSERIALISABLE"],
    ["with a field twice", event.replace('"quantity":1', '"quantity":-1,"quantity":3'), "REQUEST_INVALID"],
    ["with an attribute twice", event.replace("{", '{"type":"order.cancelled",'), "REQUEST_INVALID"],
    ["with half a surrogate pair", note('"\\ud800"'), "REQUEST_INVALID"],
    ["with a name that only looks like a known one", event.replace('"quantity":1', '"quantity":1,"quant\u0131ty":2'), "PAYLOAD_INVALID"],
    ["with a name of two forms", event.replace('"quantity":1', '"quantity":1,"\u00e9":1,"e\u0301":1'), "PAYLOAD_INVALID"],
    ["with a name that is written from right to left", event.replace('"quantity":1', '"quantity":1,"\u202eytitnauq":2'), "PAYLOAD_INVALID"],
    ["with constructor.prototype", event.replace('"quantity":1', '"quantity":1,"constructor":{"prototype":{"isAdmin":true}}'), "PAYLOAD_INVALID"],
  ])("%s", async (_name, body, code) => {
    await using door = await openDoor();
    await refuses(door, "/v1/events", { as: "publisher", headers: structured, body }, 400, code);
    expect(({} as Record<string, unknown>)["isAdmin"]).toBeUndefined();
  });

  test.each([
    ["a stray byte", [0x22, 0xff, 0x22]],
    ["an overlong form", [0x22, 0xc0, 0xaf, 0x22]],
    ["half a surrogate pair", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["UTF-16", [0xff, 0xfe, 0x7b, 0x00]],
  ])("%s is no UTF-8", async (_name, bytes) => {
    await using door = await openDoor();
    await refuses(door, "/v1/events", { as: "publisher", headers: structured, body: Uint8Array.from(bytes) }, 400, "REQUEST_INVALID");
  });

  test.each([
    ["a million levels", "[".repeat(1_000_000), 400, "PAYLOAD_TOO_DEEP"],
    ["hundreds of thousands of names", `[{${Array.from({ length: 300_000 }, (_, index) => `"${String(index)}":0`).join(",")}}]`, 207, undefined],
    ["names of one hash", `[{${Array.from({ length: 100_000 }, (_, index) => `"${String(index * 2 ** 32)}":0`).join(",")}}]`, 207, undefined],
  ])("a batch with %s is answered and stores nothing", async (_name, body, status, code) => {
    await using door = await openDoor();
    const response = await door.ask("/v1/events", { as: "publisher", headers: batch, body });
    const answer = (await response.json()) as { readonly code?: string };
    expect([response.status, answer.code]).toEqual([status, code]);
    expect(await door.queue.inspect.events()).toEqual([]);
  });

  test("every prefix of an event is refused", async () => {
    await using door = await openDoor();
    for (let length = 0; length < event.length; length += 1) {
      const response = await door.ask("/v1/events", { as: "publisher", headers: structured, body: event.slice(0, length) });
      expect(response.status).toBe(400);
    }
    expect(await door.queue.inspect.events()).toEqual([]);
  });
});

describe("size and type", () => {
  const sized = (bytes: number): string => JSON.stringify(cloudEvent({ data: { orderId: "o", quantity: 1, note: "x".repeat(bytes) } }));

  test("an event of 256 KiB is taken, a larger one is not", async () => {
    await using door = await openDoor();
    const around = JSON.stringify({ orderId: "o", quantity: 1, note: "" }).length;
    expect((await door.ask("/v1/events", { as: "publisher", headers: structured, body: sized(256 * 1024 - around) })).status).toBe(202);
    expect((await door.ask("/v1/events", { as: "publisher", headers: structured, body: sized(256 * 1024 - around + 1) })).status).toBe(413);
  });

  test.each([
    ["a body above the cap", { body: sized(300 * 1024) }, 413, "PAYLOAD_TOO_LARGE"],
    ["an announced length that is no number", { body: event, headers: { ...structured, "content-length": "many" } }, 400, "REQUEST_INVALID"],
    ["an announced length below none", { body: event, headers: { ...structured, "content-length": "-5" } }, 400, "REQUEST_INVALID"],
    ["an announced length above the cap", { body: event, headers: { ...structured, "content-length": "99999999999" } }, 413, "PAYLOAD_TOO_LARGE"],
    ["a compressed body", { body: event, headers: { ...structured, "content-encoding": "gzip" } }, 415, "MEDIA_TYPE_UNSUPPORTED"],
    ["another charset", { body: event, headers: { "content-type": "application/cloudevents+json; charset=utf-16" } }, 415, "MEDIA_TYPE_UNSUPPORTED"],
    ["a form", { body: "a=b", headers: { "content-type": "application/x-www-form-urlencoded" } }, 415, "MEDIA_TYPE_UNSUPPORTED"],
    ["text", { body: event, headers: { "content-type": "text/plain" } }, 415, "MEDIA_TYPE_UNSUPPORTED"],
    ["plain JSON without ce- headers", { body: event, headers: { "content-type": "application/json" } }, 415, "MEDIA_TYPE_UNSUPPORTED"],
    ["XML that calls itself an event", { body: "<a/>", headers: { "content-type": "application/cloudevents+xml" } }, 415, "MEDIA_TYPE_UNSUPPORTED"],
  ])("%s is refused", async (_name, ask, status, code) => {
    await using door = await openDoor();
    await refuses(door, "/v1/events", { as: "publisher", headers: structured, ...ask }, status, code);
  });

  test("bodies that wait together are bounded, and what was held is given back", async () => {
    await using door = await openDoor({ limits: { heldBytes: 2 * 300 * 1024 } });
    let open: (bytes: Uint8Array) => void = () => undefined;
    const slow = { read: () => new Promise<Uint8Array>((resolve) => (open = resolve)) };
    const first = door.ask("/v1/events", { as: "publisher", headers: structured, body: event, peer: slow });
    await Promise.resolve();
    await expect.poll(async () => (await publish(door, cloudEvent({ id: "second" }))).status).toBe(429);
    open(new TextEncoder().encode(event));
    expect((await first).status).toBe(202);
    expect((await publish(door, cloudEvent({ id: "third" }))).status).toBe(202);
  });
});

describe("routes", () => {
  test.each([
    ["//v1/events", 400, "REQUEST_INVALID"],
    ["/v1//events", 400, "REQUEST_INVALID"],
    ["/v1/./events", 400, "REQUEST_INVALID"],
    ["/v1/../v1/events", 400, "REQUEST_INVALID"],
    ["/v1/%2e%2e/events", 400, "REQUEST_INVALID"],
    ["/v1%2fevents", 400, "REQUEST_INVALID"],
    ["/v1%5cevents", 400, "REQUEST_INVALID"],
    ["/v1\\events", 400, "REQUEST_INVALID"],
    ["/v1/events%00", 400, "REQUEST_INVALID"],
    ["/v1/events%0a", 400, "REQUEST_INVALID"],
    ["/v1/events/%ff", 400, "REQUEST_INVALID"],
    ["/v1/events/%zz", 400, "REQUEST_INVALID"],
    ["/v1/events?a=1&a=2", 400, "REQUEST_INVALID"],
    ["/v1/events?a=%ff", 400, "REQUEST_INVALID"],
    ["/v1/events?unknown=1", 400, "REQUEST_INVALID"],
    [`/v1/events?${"a".repeat(5_000)}`, 400, "REQUEST_INVALID"],
    ["http://localhost/v1/events", 400, "REQUEST_INVALID"],
    ["*", 400, "REQUEST_INVALID"],
    ["/V1/events", 404, "ROUTE_UNKNOWN"],
    ["/v1/Events", 404, "ROUTE_UNKNOWN"],
    ["/v1/events/", 404, "ROUTE_UNKNOWN"],
    ["/v1/%65vents", 404, "ROUTE_UNKNOWN"],
    ["/.env", 404, "ROUTE_UNKNOWN"],
  ])("POST %s is refused", async (path, status, code) => {
    await using door = await openDoor();
    await refuses(door, path, { as: "publisher", headers: structured, body: event }, status, code);
  });

  test.each([
    ["DELETE", "/v1/events", "GET, POST, HEAD"],
    ["OPTIONS", "/v1/events", "GET, POST, HEAD"],
    ["PUT", "/orders/1", "GET, POST, HEAD"],
    ["POST", "/healthz", "GET, HEAD"],
  ])("%s %s is answered with the methods that are there", async (method, path, allow) => {
    await using door = await openDoor();
    const response = await refuses(door, path, { method, as: "all" }, 405, "METHOD_NOT_ALLOWED");
    expect(response.headers.get("allow")).toBe(allow);
  });

  test("a header does not change the method", async () => {
    await using door = await openDoor();
    await door.ask("/orders/1", { headers: { "x-http-method-override": "POST" }, as: "publisher" });
    expect(door.requests()).toEqual(["GET /orders/:id 200"]);
  });

  test("HEAD is GET without a body", async () => {
    await using door = await openDoor();
    const response = await door.ask("/healthz", { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });
});

describe("Host and Origin", () => {
  test.each([
    ["evil.example", 421],
    ["localhost.evil.example", 421],
    ["localhost:80:80", 421],
    ["", 421],
    ["localhost:8080", 200],
    ["127.0.0.1", 200],
    ["[::1]:8080", 200],
    ["LOCALHOST", 200],
  ])("a request to %j is answered with %d", async (host, status) => {
    await using door = await openDoor();
    expect((await door.ask("/healthz", { headers: { host } })).status).toBe(status);
  });

  test.each([
    ["https://evil.example", 403],
    ["null", 403],
    ["http://localhost:8080", 200],
    ["https://console.example", 200],
  ])("a page of %s is answered with %d", async (origin, status) => {
    await using door = await openDoor({ origins: ["https://console.example"] });
    expect((await door.ask("/healthz", { headers: { host: "localhost:8080", origin } })).status).toBe(status);
  });
});

describe("credentials", () => {
  test.each([
    ["none", undefined],
    ["an unknown one", "nobody"],
    ["an inherited name", "constructor"],
    ["64 kB of one", "x".repeat(65_536)],
  ])("%s is refused, counted and recorded once", async (_name, as) => {
    await using door = await openDoor();
    const response = await door.ask("/v1/events", { headers: structured, body: event, ...(as === undefined ? {} : { as }) });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    expect(door.refusals()).toEqual(["authentication /v1/events"]);
    expect(await door.queue.ledger.entries()).toMatchObject([{ by: "203.0.113.7", action: "authentication-failed", subject: "/v1/events", result: "denied" }]);
  });

  test("a wrong signature is counted and recorded as one", async () => {
    await using door = await openDoor();
    expect((await door.ask("/hooks", { body: {}, headers: { "webhook-signature": "wrong" } })).status).toBe(401);
    expect(door.refusals()).toEqual(["signature /hooks"]);
    expect(await door.queue.ledger.entries()).toMatchObject([{ action: "signature-failed" }]);
    const raw = '{ "a" : 1 }';
    const response = await door.ask("/hooks", { body: raw, headers: { "content-type": "application/json", "webhook-signature": `length=${raw.length}` } });
    expect(await response.json()).toEqual({ raw });
  });

  test("what fails inside says nothing of the inside", async () => {
    await using door = await openDoor();
    expect(await bodyOf(door.ask("/broken", { body: {} }))).toMatchObject({ status: 500, code: "HANDLER_FAILED", title: "Endpoint broken failed" });
  });
});

describe("rates", () => {
  test("beyond its burst a principal waits, others do not", async () => {
    await using door = await openDoor({ limits: { principal: { perSecond: 0.001, burst: 2 } } });
    const statuses = [];
    for (const id of ["1", "2", "3"]) statuses.push((await publish(door, cloudEvent({ id }))).status);
    expect(statuses).toEqual([202, 202, 429]);
    expect(door.refusals()).toEqual(["rate /v1/events"]);
    const late = await door.ask("/v1/events", { as: "publisher", headers: structured, body: event });
    expect(Number(late.headers.get("retry-after"))).toBeGreaterThan(1);
    expect((await publish(door, cloudEvent({ id: "4" }), { as: "all" })).status).toBe(202);
  });

  test("an address is limited before anybody is authenticated", async () => {
    await using door = await openDoor({ limits: { address: { perSecond: 0.001, burst: 1 } } });
    expect((await door.ask("/v1/events", { as: "x" })).status).toBe(401);
    expect((await door.ask("/v1/events", { as: "x" })).status).toBe(429);
    expect((await door.ask("/v1/events", { as: "x", peer: { address: "203.0.113.8" } })).status).toBe(401);
  });

  test("a tenant has one rate, however many principals it has, and takes nothing from another one", async () => {
    await using door = await openDoor({ limits: { tenant: { perSecond: 0.001, burst: 2 } } });
    const statuses = [];
    for (const [id, as] of [
      ["1", "tenantA"],
      ["2", "tenantA2"],
      ["3", "tenantA"],
      ["4", "tenantA2"],
      ["1", "tenantB"],
    ] as const)
      statuses.push((await publish(door, cloudEvent({ id }), { as })).status);
    expect(statuses).toEqual([202, 202, 429, 429, 202]);
  });

  test("each event of a batch counts", async () => {
    await using door = await openDoor({ limits: { principal: { perSecond: 0.001, burst: 3 } } });
    const body = JSON.stringify([cloudEvent(), cloudEvent({ id: "2" }), cloudEvent({ id: "3" })]);
    const ask = { as: "publisher", headers: { "content-type": "application/cloudevents-batch+json" }, body };
    expect((await door.ask("/v1/events", ask)).status).toBe(202);
    expect((await door.ask("/v1/events", ask)).status).toBe(429);
  });
});
