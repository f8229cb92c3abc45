import { CloudEvent, HTTP, type Message } from "cloudevents";
import { describe, expect, test } from "vitest";
import { batch, bodyOf, cloudEvent, openDoor, publish, structured, type Door } from "./door.ts";

const ada = "ada@example.org";

function send(door: Door, message: Message): Promise<Response> {
  return door.ask("/v1/events", { as: "publisher", headers: message.headers as Record<string, string>, body: message.body as string });
}

describe("the official CloudEvents SDK is understood", () => {
  const event = new CloudEvent({ type: "order.placed", source: "https://shop.example", id: "sdk-1", partitionkey: "k", data: { orderId: "o-1", quantity: 2 } });

  test.each([
    ["structured", HTTP.structured(event)],
    ["binary", HTTP.binary(event)],
  ])("in %s mode", async (_mode, message) => {
    await using door = await openDoor();
    const response = await send(door, message);
    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toBe("/v1/events/sdk-1?source=https%3A%2F%2Fshop.example");
    expect(await response.json()).toEqual({ id: "sdk-1", type: "order.placed", source: "https://shop.example", duplicate: false });
    expect(await door.queue.inspect.events()).toMatchObject([{ id: "sdk-1", key: "k", data: { orderId: "o-1", quantity: 2 } }]);
    expect(await bodyOf(send(door, message))).toMatchObject({ duplicate: true });
  });

  test("in batch mode", async () => {
    await using door = await openDoor();
    const events = [event, event.cloneWith({ id: "sdk-2" })].map((one) => one.toJSON());
    const response = await send(door, { headers: batch, body: JSON.stringify(events) });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      results: [
        { status: 202, id: "sdk-1" },
        { status: 202, id: "sdk-2" },
      ],
    });
  });
});

describe("a batch is answered entry by entry", () => {
  test("what is valid is stored, what is not is told why, in order", async () => {
    await using door = await openDoor();
    const events = [cloudEvent(), cloudEvent({ id: "e-2", data: { orderId: "o", quantity: 0 } }), cloudEvent({ id: "e-3", type: "none" }), 7];
    const response = await door.ask("/v1/events", { as: "publisher", headers: batch, body: JSON.stringify(events) });
    expect(response.status).toBe(207);
    expect(await response.json()).toMatchObject({
      results: [
        { status: 202, id: "e-1", duplicate: false },
        { status: 400, code: "PAYLOAD_INVALID" },
        { status: 404, code: "EVENT_UNKNOWN" },
        { status: 400, code: "REQUEST_INVALID" },
      ],
    });
    expect(await door.queue.inspect.events()).toHaveLength(1);
    expect(door.refusals()).toEqual(Array.from({ length: 3 }, () => "validation /v1/events"));
  });

  test("it holds at least one and at most so many events", async () => {
    await using door = await openDoor({ limits: { batchEvents: 2 } });
    for (const [events, status] of [
      [[], 400],
      [[1, 2, 3], 413],
      [{}, 400],
    ] as const)
      expect((await door.ask("/v1/events", { as: "publisher", headers: batch, body: JSON.stringify(events) })).status).toBe(status);
  });
});

describe("a key and personal data", () => {
  test("may be equal by chance: what is no personal data may be the key", async () => {
    await using door = await openDoor();
    const data = { orderId: ada, quantity: 1, email: ada };
    expect(await publish(door, cloudEvent({ data }))).toMatchObject({ status: 202 });
    expect(await publish(door, cloudEvent({ id: "e-2", partitionkey: ada, data }))).toMatchObject({ status: 202 });
    expect(await door.queue.inspect.events()).toMatchObject([{ key: ada }, { key: ada }]);
  });

  test("of one entry keeps none of the others out, and tells the publisher a way out but not the data", async () => {
    await using door = await openDoor();
    const personal = cloudEvent({ id: "e-2", partitionkey: ada, data: { orderId: "o-1", quantity: 1, email: ada } });
    const text = await (await door.ask("/v1/events", { as: "publisher", headers: batch, body: JSON.stringify([cloudEvent(), personal]) })).text();
    expect(JSON.parse(text)).toMatchObject({
      results: [{ status: 202 }, { status: 400, code: "KEY_PERSONAL", detail: expect.stringContaining("Choose another key") as unknown }],
    });
    expect(text).not.toContain(ada);
  });
});

describe("Idempotency-Key", () => {
  const keyed = { headers: { ...structured, "idempotency-key": "key-1" } };

  test("stands for the id where there is none: the same data is stored once, other data is refused", async () => {
    await using door = await openDoor();
    const event = cloudEvent({ id: undefined });
    expect(await publish(door, event, keyed)).toMatchObject({ status: 202, body: { id: "key-1", duplicate: false } });
    expect(await publish(door, event, keyed)).toMatchObject({ status: 202, body: { id: "key-1", duplicate: true } });
    const other = cloudEvent({ id: undefined, data: { orderId: "o-2", quantity: 1 } });
    expect(await publish(door, other, keyed)).toMatchObject({ status: 422, body: { code: "REQUEST_MISMATCH" } });
  });

  test("an event's own id counts; without either it is refused", async () => {
    await using door = await openDoor();
    expect(await publish(door, cloudEvent(), keyed)).toMatchObject({ body: { id: "e-1" } });
    expect(await publish(door, cloudEvent({ id: undefined }))).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
  });

  test("in a batch each entry has a place of its own", async () => {
    await using door = await openDoor();
    const body = JSON.stringify([cloudEvent({ id: undefined }), cloudEvent({ id: undefined, data: { orderId: "o-2", quantity: 1 } })]);
    const ask = { as: "publisher", headers: { ...batch, "idempotency-key": "b" }, body };
    expect(await bodyOf(door.ask("/v1/events", ask))).toMatchObject({ results: [{ id: "b:0" }, { id: "b:1" }] });
    expect(await bodyOf(door.ask("/v1/events", ask))).toMatchObject({ results: [{ duplicate: true }, { duplicate: true }] });
  });
});

describe("what is not a CloudEvent is refused, and nothing of it is stored", () => {
  test.each([
    ["another specversion", cloudEvent({ specversion: "0.3" }), "REQUEST_INVALID"],
    ["no type", cloudEvent({ type: undefined }), "REQUEST_INVALID"],
    ["no source", cloudEvent({ source: undefined }), "REQUEST_INVALID"],
    ["no data", cloudEvent({ data: undefined }), "REQUEST_INVALID"],
    ["binary data", cloudEvent({ data: undefined, data_base64: "e30=" }), "MEDIA_TYPE_UNSUPPORTED"],
    ["data of another type", cloudEvent({ datacontenttype: "text/xml" }), "MEDIA_TYPE_UNSUPPORTED"],
    ["an attribute in capitals", cloudEvent({ Extra: 1 }), "REQUEST_INVALID"],
    ["an attribute that is an object", cloudEvent({ extra: {} }), "REQUEST_INVALID"],
    ["a bad time", cloudEvent({ time: "yesterday" }), "REQUEST_INVALID"],
    ["another schema version", cloudEvent({ schemaversion: 2 }), "VERSION_UNKNOWN"],
    ["the app's own source", cloudEvent({ source: "shop/take" }), "ID_INVALID"],
    ["a source that is no URI", cloudEvent({ source: "a b" }), "ID_INVALID"],
    ["an id with a control character", cloudEvent({ id: "a\u0000" }), "ID_INVALID"],
    ["a tenant that is half a character", cloudEvent({ tenantid: "\ud800" }), "REQUEST_INVALID"],
    ["a key that is personal data", cloudEvent({ partitionkey: ada, data: { orderId: "o-1", quantity: 1, email: ada } }), "KEY_PERSONAL"],
    ["an engine's own event", cloudEvent({ type: "pulsequeue.schedule.x" }), "EVENT_UNKNOWN"],
    ["an inherited name", cloudEvent({ type: "constructor" }), "EVENT_UNKNOWN"],
    ["a list", [], "REQUEST_INVALID"],
    ["null", null, "REQUEST_INVALID"],
  ])("%s", async (_name, event, code) => {
    await using door = await openDoor();
    expect((await publish(door, event)).body["code"]).toBe(code);
    expect(await door.queue.inspect.events()).toEqual([]);
    expect(door.refusals()).toEqual(["validation /v1/events"]);
  });
});
