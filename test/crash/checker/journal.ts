/** Invariants of the journal: nothing acknowledged is lost, nothing is there twice, the chain is whole. */
import { createHash } from "node:crypto";
import type { StoredEvent } from "../evidence.ts";
import type { ChainLink } from "../protocol.ts";
import { app, dataOf, groupBy, type Invariant } from "./facts.ts";

const tickType = "pulsequeue.schedule.beat";
const emitters: ReadonlyMap<string, string> = new Map([
  ["item.counted", `${app}/count-item`],
  ["reservation.made", `${app}/reserve`],
]);
/** Refusals that say nothing about the request itself. */
const passing: readonly string[] = ["QUEUE_CLOSED", "BACKPRESSURE"];

export const acknowledged: Invariant = {
  name: "acknowledged",
  statement: "every acknowledged event is in the journal as it was sent; what was refused is not, and nothing that nobody sent",
  check(facts, report) {
    const tokens = groupBy(facts.byType.get("item.added") ?? [], (event) => dataOf(event).token ?? "");
    for (const [id, calls] of facts.publishes) {
      const stored = facts.published.get(id);
      for (const { request, outcome } of calls) {
        if (outcome.type === "fail" && outcome.code !== "IDENTITY_REUSED" && !passing.includes(outcome.code)) report(id, `was refused with ${outcome.code}`);
        if (outcome.type !== "ok") continue;
        if (!("receipts" in outcome.answer) || outcome.answer.receipts.length !== 1 || outcome.answer.receipts[0]?.id !== id)
          report(id, "was acknowledged under another id");
        if (stored === undefined) report(id, "was acknowledged and is not in the journal");
        else if (stored.type !== request.event || stored.data !== JSON.stringify(request.data)) report(id, "is not in the journal as it was acknowledged");
        else if (stored.due !== (request.delay > 0 ? stored.time + request.delay : null)) report(id, `is due at ${String(stored.due)}, not after its delay`);
      }
      if (stored !== undefined && calls.every(({ outcome }) => outcome.type === "fail")) report(id, "was refused and is in the journal");
    }
    const sent = new Set<string>();
    for (const { request, outcome, number } of facts.batches) {
      const found = request.data.filter(({ token }) => tokens.has(token)).length;
      const subject = `batch of call ${String(number)}`;
      for (const { token } of request.data) sent.add(token);
      if (outcome.type === "ok" && found < request.data.length)
        report(subject, `was acknowledged, and ${String(request.data.length - found)} of its events are missing`);
      if (outcome.type === "unknown" && found > 0 && found < request.data.length) report(subject, `is there in part: ${String(found)} events`);
      if (outcome.type === "fail" && found > 0) report(subject, "was refused and is in the journal");
      const receipts = outcome.type === "ok" && "receipts" in outcome.answer ? outcome.answer.receipts : [];
      for (const [index, { id }] of receipts.entries()) {
        const stored = facts.published.get(id);
        if (stored?.data !== JSON.stringify(request.data[index])) report(id, "is not in the journal as its batch was acknowledged");
      }
    }
    for (const event of facts.file.events) {
      const isSent = facts.publishes.has(event.id) || (event.type === "item.added" && sent.has(dataOf(event).token ?? ""));
      const source = emitters.get(event.type) ?? app;
      if (event.source !== source) report(event.id, `of type ${event.type} comes from ${event.source}`);
      else if (source === app && event.type !== tickType && !isSent) report(event.id, "is in the journal and nobody sent it");
    }
  },
};

export const identity: Invariant = {
  name: "identity",
  statement: "an identity is one event: sent again it is a duplicate, with other data it is refused",
  check(facts, report) {
    for (const [name, events] of groupBy(facts.file.events, (event) => `${event.source} ${event.id}`)) {
      if (events.length > 1) report(name, `is ${String(events.length)} events`);
    }
    for (const [token, events] of groupBy(facts.byType.get("item.added") ?? [], (event) => dataOf(event).token ?? "")) {
      if (events.length > 1) report(token, `was stored ${String(events.length)} times`);
    }
    for (const [id, calls] of facts.publishes) {
      const stored = facts.published.get(id)?.data;
      const receipts = calls.flatMap(({ outcome }) => (outcome.type === "ok" && "receipts" in outcome.answer ? outcome.answer.receipts : []));
      const first = receipts.filter(({ duplicate }) => !duplicate).length;
      if (first > 1) report(id, `was acknowledged as new ${String(first)} times`);
      if (first === 0 && receipts.length > 0 && calls.every(({ outcome }) => outcome.type !== "unknown")) report(id, "was a duplicate from the first time on");
      for (const { request, outcome } of calls) {
        const isSame = JSON.stringify(request.data) === stored;
        if (outcome.type === "ok" && !isSame) report(id, "was accepted with other data");
        if (outcome.type === "fail" && outcome.code === "IDENTITY_REUSED" && isSame) report(id, "was refused although the data is the same");
      }
    }
  },
};

/**
 * The hash of an event: SHA-256 in base64 over the hash before it, a line feed, and the event's fields parted by line feeds;
 * a field without a value is empty. The first event's predecessor is the empty text.
 */
export function chainHash(event: Omit<StoredEvent, "hash">): string {
  const { previous, seq, type, source, id, time, key, tenant, version, correlation, causation, hops, traceparent, due, data } = event;
  const fields = [seq, type, source, id, time, key, tenant, version, correlation, causation, hops, traceparent, due, data];
  return createHash("sha256")
    .update([previous, ...fields.map((field) => (field === null ? "" : String(field)))].join("\n"))
    .digest("base64");
}

export const chain: Invariant = {
  name: "chain",
  statement: "the hash chain is unbroken from the first event to the last, and SQLite finds the file sound",
  check(facts, report) {
    if (facts.file.integrity !== "ok") report("file", facts.file.integrity);
    let before = { seq: 0, hash: "" };
    for (const event of facts.file.events) {
      const subject = `position ${String(event.seq)}`;
      if (event.seq !== before.seq + 1) report(subject, `follows position ${String(before.seq)}`);
      if (event.previous !== before.hash) report(subject, "does not carry the hash of the event before it");
      if (event.hash !== chainHash(event)) report(subject, "does not match its hash");
      before = event;
    }
  },
};

export const backups: Invariant = {
  name: "backups",
  statement: "a backup taken under load is a prefix of the journal, and what has a backup's name is a whole one",
  check(facts, report) {
    const hashes = new Map(facts.file.events.map(({ seq, hash }) => [seq, hash]));
    const judge = (target: string, { seq, hash }: ChainLink): void => {
      if (seq < 0) report(target, "cannot be read");
      else if (seq > 0 && hashes.get(seq) !== hash) report(target, `ends at position ${String(seq)} with another hash than the journal has there`);
    };
    for (const { request, outcome } of facts.backups) {
      if (outcome.type === "ok" && "head" in outcome.answer) judge(request.target, outcome.answer.head);
    }
    for (const entry of facts.history) if (entry.type === "backup") judge(entry.target, entry.head);
  },
};
