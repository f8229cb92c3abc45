import { CloudEvent, HTTP } from "cloudevents";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toCloudEvent, type EventRecord } from "./envelope.ts";
import { checkIdentifier, checkSource } from "./names.ts";

const record: EventRecord = {
  id: "0199-1",
  type: "order.placed",
  source: "shop",
  time: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  data: '{"orderId":"1"}',
  version: 3,
  key: "1",
  correlationId: "flow-1",
  causationId: "0199-0",
  hops: 2,
  traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
};

/** Throws where the official SDK does not take the event. */
const validate = (event: EventRecord): CloudEvent<unknown> => new CloudEvent(structuredClone(toCloudEvent(event)) as object, true);

describe("toCloudEvent", () => {
  test("names every attribute as CloudEvents 1.0 does, extensions in lower case", () => {
    expect(toCloudEvent(record)).toEqual({
      specversion: "1.0",
      id: "0199-1",
      source: "shop",
      type: "order.placed",
      time: "2026-01-02T03:04:05.006Z",
      subject: "1",
      datacontenttype: "application/json",
      dataschema: "urn:pulsequeue:schema:order.placed:3",
      data: { orderId: "1" },
      partitionkey: "1",
      correlationid: "flow-1",
      causationid: "0199-0",
      schemaversion: 3,
      traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    });
  });

  test("leaves out what there is not, and lets the first event of a flow stand for it", () => {
    const event = toCloudEvent({ ...record, key: undefined, correlationId: undefined, causationId: undefined, traceparent: undefined });
    expect(Object.keys(event).sort()).toEqual([
      "correlationid",
      "data",
      "datacontenttype",
      "dataschema",
      "id",
      "schemaversion",
      "source",
      "specversion",
      "time",
      "type",
    ]);
    expect(event.correlationid).toBe("0199-1");
  });

  test("passes the official SDK's strict validation and its structured form", () => {
    const event = validate(record);
    const sent = HTTP.structured(event);
    const received = HTTP.toEvent({ headers: sent.headers, body: sent.body }) as CloudEvent<unknown>;
    expect({ ...received.toJSON() }).toEqual(toCloudEvent(record));
  });

  test("passes it for every id, key, source and data that publishing accepts", () => {
    const accepted = (check: (value: string) => string) => (value: string) => {
      try {
        return check(value) === value;
      } catch {
        return false;
      }
    };
    const identifier = fc.string({ unit: "binary", minLength: 1, maxLength: 40 }).filter(accepted((value) => checkIdentifier("id", value)));
    const anySource = fc.oneof(
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.string({ unit: fc.constantFrom("a", "b", "1", ":", "/", "?", "#", "%", "2", "[", "@", " ", ".", "-", "ö"), minLength: 1, maxLength: 12 }),
    );
    fc.assert(
      fc.property(identifier, identifier, anySource.filter(accepted(checkSource)), fc.jsonValue(), (id, key, source, data) => {
        expect(() => validate({ ...record, id, key, source, correlationId: key, data: JSON.stringify(data) })).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});
