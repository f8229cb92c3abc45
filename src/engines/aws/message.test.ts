import { expect, test } from "vitest";
import { sha256 } from "../../machine/hash.ts";
import type { EventRecord } from "../../core/envelope.ts";
import { journalKey, type StoredEvent } from "./items/journal.ts";
import { decodeMessage, encodeMessage, entryBytes, groupOf } from "./message.ts";

const event: EventRecord = {
  id: "1",
  type: "changed",
  source: "shop/count",
  time: 1_700_000_000_123,
  data: '{"sku":"ä","n":1.5}',
  version: 3,
  key: "a",
  correlationId: "flow",
  causationId: "0",
  hops: 2,
  traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  tenant: "acme",
};
const bare: EventRecord = { ...event, key: undefined, correlationId: undefined, causationId: undefined, traceparent: undefined, tenant: undefined };
const stored = (of: EventRecord): StoredEvent => ({ key: journalKey(sha256, of), sequence: 42, event: of, dueAt: undefined, principal: undefined });

test.each([event, bare])("an event goes through a message unchanged", (given) => {
  const key = journalKey(sha256, given);
  const detail = encodeMessage(stored(given));
  expect(decodeMessage(sha256, detail)).toEqual({ kind: "event", journalKey: key, sequence: 42, event: given, run: 0, recorded: false });
  const wrapped = JSON.stringify({ version: "0", "detail-type": given.type, source: given.source, detail: JSON.parse(detail) as unknown });
  expect(decodeMessage(sha256, wrapped)).toMatchObject({ event: given });
});

test("what was sent once more says which delivery it is", () => {
  expect(decodeMessage(sha256, encodeMessage(stored(event), { run: 7, recorded: true }))).toMatchObject({ run: 7, recorded: true });
});

test("the largest event that fits is whole, one byte more is a reference", () => {
  const sized = (bytes: number): EventRecord => ({ ...bare, data: JSON.stringify("x".repeat(bytes)) });
  const room = 240 * 1024 - entryBytes(bare, encodeMessage(stored(sized(0))));
  expect(decodeMessage(sha256, encodeMessage(stored(sized(room)))).kind).toBe("event");
  expect(decodeMessage(sha256, encodeMessage(stored(sized(room + 1))))).toMatchObject({ kind: "reference", journalKey: journalKey(sha256, bare) });
});

test.each(["", "[]", "1", "null", '{"detail-type":"x"}', '{"pulsequeue":1}', '{"pulsequeue":1,"ref":"k#a"}', '{"pulsequeue":1,"event":{"id":1},"sequence":1}'])(
  "a body that is none of ours is told: %s",
  (body) => {
    expect(decodeMessage(sha256, body)).toMatchObject({ kind: "unreadable", code: "RECORD_FOREIGN" });
  },
);

test("events of one key share a group, events without a key share none", () => {
  expect(groupOf(stored(event))).toBe(groupOf(stored({ ...event, id: "2" })));
  expect(groupOf(stored(bare))).not.toBe(groupOf(stored({ ...bare, id: "2" })));
});
