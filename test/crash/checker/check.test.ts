import { describe, expect, test } from "vitest";
import type { Entry, Evidence, StoredEvent } from "../evidence.ts";
import { check, invariants, type Violation } from "./check.ts";
import { goodEvidence, rechain, seqOf, type Draft } from "./good-evidence.ts";
import { chainHash } from "./journal.ts";

type Bad = ReturnType<typeof goodEvidence>;
type Spoil = (bad: Bad) => void;

function violationsOf(spoil: Spoil): readonly Violation[] {
  const bad = goodEvidence();
  spoil(bad);
  return check(bad);
}

function remove<Item>(items: Item[], which: (item: Item) => boolean): Item {
  const [item] = items.splice(items.findIndex(which), 1);
  if (item === undefined) throw new Error("there is nothing to remove");
  return item;
}

function find<Item>(items: readonly Item[], which: (item: Item) => boolean): Item {
  const item = items.find(which);
  if (item === undefined) throw new Error("there is nothing to find");
  return item;
}

const byId =
  (id: string) =>
  (row: { readonly id: string }): boolean =>
    row.id === id;

type DraftEntry<Type extends Entry["type"]> = Draft<Extract<Entry, { type: Type }>>;

/** The last entry of a type that fits. */
function entry<Type extends Entry["type"]>(bad: Bad, type: Type, fits: (entry: DraftEntry<Type>) => boolean = () => true): DraftEntry<Type> {
  return find(
    bad.history.toReversed().filter((candidate): candidate is DraftEntry<Type> => candidate.type === type),
    fits,
  );
}

/** Numbers of the calls that ask for this. */
function callsOf(bad: Bad, text: string): readonly number[] {
  return bad.history.flatMap((candidate) => (candidate.type === "call" && JSON.stringify(candidate.request).includes(text) ? [candidate.call] : []));
}

/** What came of a call that asks for this: the first one, or another by its place. */
function outcome(
  bad: Bad,
  text: string,
  place = 0,
): {
  type: string;
  answer?: { receipts?: { id: string; duplicate: boolean }[]; status?: number; replayed?: boolean; body?: unknown; count?: number };
  code?: string;
} {
  const number = callsOf(bad, text)[place];
  return find(bad.history, (candidate) => "call" in candidate && candidate.call === number && ["ok", "fail", "unknown"].includes(candidate.type)) as ReturnType<
    typeof outcome
  >;
}

/** An event and all that it left are gone. */
function lose(bad: Bad, id: string): void {
  const { seq, type } = remove(bad.file.events, byId(id));
  bad.file.ends = bad.file.ends.filter((end) => end.seq !== seq);
  expect(type).not.toBe("");
}

function copyEvent(bad: Bad, id: string, changes: Partial<Draft<StoredEvent>>): void {
  bad.file.events.push({ ...find(bad.file.events, byId(id)), ...changes });
  rechain(bad.file.events);
}

/** Every way to spoil the run, under the invariant that must see it. */
const cases: Readonly<Record<string, Readonly<Record<string, Spoil>>>> = {
  acknowledged: {
    "an acknowledged event is missing": (bad) => lose(bad, "r1"),
    "an event that was asked for twice, the first time without an answer, is missing": (bad) => lose(bad, "i2"),
    "an event holds other data than was sent": (bad) => (find(bad.file.events, byId("t1")).data = '{"group":"other"}'),
    "an event has another type": (bad) => (find(bad.file.events, byId("a1")).type = "payment.due"),
    "an event is due at another time": (bad) => (find(bad.file.events, byId("r1")).due = 5),
    "an event without a delay is due later": (bad) => (find(bad.file.events, byId("t1")).due = 5),
    "a receipt names another event": (bad) => (outcome(bad, '"t1"').answer = { receipts: [{ id: "t9", duplicate: false }] }),
    "part of an acknowledged batch is missing": (bad) => lose(bad, "m1"),
    "a receipt of a batch names another event": (bad) => (outcome(bad, "batch/0").answer = { receipts: ["m1", "m0"].map((id) => ({ id, duplicate: false })) }),
    "a batch without an answer is there in part": (bad) =>
      copyEvent(bad, "m0", { id: "n0", data: JSON.stringify({ token: "lost/1", bucket: "b1", amount: 5, slow: 0 }) }),
    "a refused batch is there": (bad) => Object.assign(outcome(bad, "batch/0"), { type: "fail", code: "BACKPRESSURE" }),
    "a refused event is there": (bad) => Object.assign(outcome(bad, '"a1"'), { type: "fail", code: "BACKPRESSURE" }),
    "good data is refused": (bad) => Object.assign(outcome(bad, '"a1"'), { type: "fail", code: "PAYLOAD_INVALID" }),
    "there is an event that nobody sent": (bad) => copyEvent(bad, "t1", { id: "t9" }),
    "there is an item that nobody sent": (bad) =>
      copyEvent(bad, "m0", { id: "m9", data: JSON.stringify({ token: "nobody", bucket: "b1", amount: 5, slow: 0 }) }),
    "an event comes from a source of its own": (bad) => (find(bad.file.events, byId("counted-i1")).source = "crash"),
  },
  identity: {
    "an identity is two events": (bad) => copyEvent(bad, "t1", {}),
    "a token is two events": (bad) => copyEvent(bad, "m0", { id: "m9" }),
    "an event is new twice": (bad) => (outcome(bad, '"i1"', 1).answer = { receipts: [{ id: "i1", duplicate: false }] }),
    "an event is a duplicate from the first time on": (bad) => (outcome(bad, '"a1"').answer = { receipts: [{ id: "a1", duplicate: true }] }),
    "other data is accepted": (bad) => Object.assign(outcome(bad, "i1 again"), { type: "ok", answer: { receipts: [{ id: "i1", duplicate: true }] } }),
    "the same data is refused": (bad) => Object.assign(outcome(bad, '"i1"', 1), { type: "fail", code: "IDENTITY_REUSED" }),
  },
  effects: {
    "an effect happened twice": (bad) => (find(bad.file.tables.tasks, byId("t1")).times = 2),
    "a delivery was settled twice": (bad) => bad.file.ends.push({ handler: "do-task", seq: seqOf(bad.file.events, "t1"), run: 0, state: "done" }),
    "what is done has no effect": (bad) => remove(bad.file.tables.arrivals, byId("a1")),
    "what has an effect is not done": (bad) => remove(bad.file.ends, ({ seq }) => seq === seqOf(bad.file.events, "r1")),
    "what is done has a row as well": (bad) =>
      bad.file.deliveries.push({ handler: "do-task", seq: seqOf(bad.file.events, "t1"), run: 0, state: "ready", attempts: 0, redrives: 0, failure: undefined }),
    "the cursor passed over an event": (bad) => {
      remove(bad.file.ends, ({ seq }) => seq === seqOf(bad.file.events, "t1"));
      remove(bad.file.tables.tasks, byId("t1"));
    },
    "a dead letter has an effect": (bad) => bad.file.tables.tasks.push({ id: "t2", times: 1 }),
    "there is an effect without an event": (bad) => bad.file.tables.tasks.push({ id: "t9", times: 1 }),
    "a reservation was settled twice": (bad) => (find(bad.file.tables.reservations, byId("o1")).settled = 2),
    "a tick took effect twice": (bad) => Object.assign(bad.file.tables.beats[0] ?? {}, { times: 2 }),
  },
  totals: {
    "a counter lost an update": (bad) => Object.assign(bad.file.tables.counters[0] ?? {}, { count: 4 }),
    "a sum lost an update": (bad) => Object.assign(bad.file.tables.counters[0] ?? {}, { sum: 20 }),
    "a counter is missing": (bad) => bad.file.tables.counters.pop(),
    "a sequence lost an update": (bad) => Object.assign(bad.file.tables.sequences[0] ?? {}, { place: 2 }),
  },
  outbox: {
    "a state change emitted nothing": (bad) => lose(bad, "counted-i1"),
    "a state change emitted twice": (bad) => copyEvent(bad, "counted-i1", { id: "counted-again" }),
    "an event was emitted without a state change": (bad) => remove(bad.file.tables.applied, byId("i1")),
    "an event tells of another cause": (bad) => (find(bad.file.events, byId("counted-i1")).data = '{"origin":"i2"}'),
    "a reservation emitted nothing": (bad) => lose(bad, "made-o1"),
    "an event tells of no reservation": (bad) => remove(bad.file.tables.reservations, byId("o2")),
    "an event tells of another reservation": (bad) => (find(bad.file.tables.reservations, byId("o1")).quantity = 3),
    "an event passed a number of handlers that it did not": (bad) => (find(bad.file.events, byId("counted-i1")).hops = 0),
  },
  order: {
    "two events of a key were handled in the wrong order": (bad) => {
      find(bad.file.tables.seen, byId("s1")).place = 2;
      find(bad.file.tables.seen, byId("s4")).place = 1;
    },
    "what was sent again came before an earlier one": (bad) => {
      find(bad.file.tables.seen, byId("s1")).place = 3;
      find(bad.file.tables.seen, byId("s3")).place = 1;
    },
    "two events have the same place": (bad) => (find(bad.file.tables.seen, byId("s4")).place = 1),
    "the journal holds a later one first": (bad) =>
      (find(bad.file.events, byId("s1")).data = JSON.stringify({ key: "k", number: 9, failures: 0, poison: "no" })),
    "a later one started between two attempts": (bad) =>
      bad.history.splice(bad.history.indexOf(entry(bad, "attempt", ({ event, attempt }) => event === "s1" && attempt === 2)), 0, {
        type: "attempt",
        life: 1,
        handler: "follow-sequence",
        event: "s2",
        attempt: 1,
      }),
  },
  attempts: {
    "a crash made the engine forget attempts": (bad) =>
      bad.history.splice(bad.history.indexOf(entry(bad, "attempt", ({ event }) => event === "s4")), 0, {
        type: "attempt",
        life: 1,
        handler: "follow-sequence",
        event: "s2",
        attempt: 3,
      }),
    "there were more attempts than the policy allows": (bad) => (entry(bad, "attempt", ({ event, attempt }) => event === "s2" && attempt === 8).attempt = 9),
  },
  "dead-letters": {
    "what is no poison is dead": (bad) =>
      bad.file.deliveries.push({
        handler: "do-task",
        seq: seqOf(bad.file.events, "t1"),
        run: 0,
        state: "dead",
        attempts: 8,
        redrives: 0,
        failure: { code: "HANDLER_FAILED", message: "" },
      }),
    "a dead letter is lost": (bad) => remove(bad.file.deliveries, ({ handler }) => handler === "do-task"),
    "a dead letter is there twice": (bad) => bad.file.deliveries.push({ ...find(bad.file.deliveries, ({ handler }) => handler === "do-task"), run: 1 }),
    "a dead letter has no event": (bad) => (find(bad.file.deliveries, ({ handler }) => handler === "do-task").seq = 99),
    "a dead letter names another cause": (bad) =>
      (find(bad.file.deliveries, ({ handler }) => handler === "do-task").failure = { code: "NON_RETRYABLE", message: "poison s2" }),
    "a dead letter names another code": (bad) =>
      (find(bad.file.deliveries, ({ handler }) => handler === "do-task").failure = { code: "HANDLER_FAILED", message: "poison t2" }),
    "a dead letter has no cause": (bad) => (find(bad.file.deliveries, ({ handler }) => handler === "do-task").failure = undefined),
    "a dead letter died before its last attempt": (bad) => (find(bad.file.deliveries, ({ handler }) => handler === "follow-sequence").attempts = 5),
    "a dead letter does not count how often it was sent again": (bad) => (find(bad.file.deliveries, ({ handler }) => handler === "do-task").redrives = 0),
    "what was sent again after its cure is dead": (bad) => {
      bad.file.deliveries.push({
        handler: "follow-sequence",
        seq: seqOf(bad.file.events, "s3"),
        run: 0,
        state: "dead",
        attempts: 1,
        redrives: 1,
        failure: { code: "NON_RETRYABLE", message: "poison s3" },
      });
    },
  },
  steps: {
    "a step ran again after it was kept": (bad) => (entry(bad, "charge", ({ call }) => call === 3).life = 1),
    "a step has two results": (bad) => bad.history.push({ type: "kept", life: 2, key: "pq_1", call: 3 }),
    "a step has the result of a call that was never made": (bad) => (entry(bad, "kept").call = 9),
    "the effect holds another result than the step": (bad) => (find(bad.file.tables.charges, byId("p1")).call = 1),
    "the effect holds another charge than the provider made": (bad) => (find(bad.file.tables.charges, byId("p1")).charge = 9),
    "the effect holds another idempotency key": (bad) => (find(bad.file.tables.charges, byId("p1")).key = "pq_2"),
    "an event uses two idempotency keys": (bad) => (entry(bad, "charge").key = "pq_2"),
    "two events share an idempotency key": (bad) => (entry(bad, "charge").event = "p2"),
  },
  stock: {
    "stock is negative": (bad) => Object.assign(bad.file.tables.stock[0] ?? {}, { onHand: -1 }),
    "more is sold than was taken from stock": (bad) => Object.assign(bad.file.tables.stock[0] ?? {}, { onHand: 9 }),
    "more is reserved than reservations hold": (bad) => Object.assign(bad.file.tables.stock[0] ?? {}, { reserved: 1 }),
    "an arrival is not in stock": (bad) => bad.file.tables.stock.pop(),
  },
  requests: {
    "a request took effect twice": (bad) => (find(bad.file.tables.bumps, byId("x1")).times = 2),
    "an answered request has no effect": (bad) => remove(bad.file.tables.bumps, byId("x1")),
    "a refused request has an effect": (bad) =>
      bad.file.tables.reservations.push({ id: "o3", sku: "sku-1", quantity: 90, state: "held", times: 1, settled: 0 }),
    "an effect was never asked for": (bad) => bad.file.tables.remedies.push({ id: "s9" }),
    "an effect has no stored answer": (bad) => bad.file.answers.splice(bad.file.answers.indexOf("bump/x1"), 1),
    "an answer has no effect": (bad) => bad.file.answers.push("reserve/o3"),
    "a request was carried out twice": (bad) => Object.assign(outcome(bad, '"x1"', 1).answer ?? {}, { replayed: false }),
    "a request was answered from the past the first time": (bad) => Object.assign(outcome(bad, '"o1"').answer ?? {}, { replayed: true }),
    "a request was answered in two ways": (bad) => Object.assign(outcome(bad, '"x1"', 1).answer ?? {}, { body: { id: "x1", draw: 0.9 } }),
    "another body was accepted": (bad) => (outcome(bad, '"x1"', 2).answer = { status: 201, body: { id: "x1", draw: 0.3 }, replayed: true }),
    "the same body was refused": (bad) => (outcome(bad, '"x1"', 1).answer = { status: 422, body: { code: "REQUEST_MISMATCH" }, replayed: false }),
    "a good request was refused": (bad) => (outcome(bad, '"o3"').answer = { status: 500, body: { code: "HANDLER_FAILED" }, replayed: false }),
    "a good request failed": (bad) => Object.assign(outcome(bad, '"o3"'), { type: "fail", code: "INTERNAL" }),
  },
  time: {
    "a reminder came early": (bad) => (find(bad.file.tables.reminders, byId("r1")).waited = 49),
    "a tick came early": (bad) => (find(bad.file.events, ({ type }) => type === "pulsequeue.schedule.beat").time -= 1_000),
    "a tick came twice": (bad) => copyEvent(bad, find(bad.file.events, ({ type }) => type === "pulsequeue.schedule.beat").id, { id: "beat/again" }),
  },
  operations: {
    "an operation is not recorded": (bad) => bad.file.operations.shift(),
    "an operation is recorded twice": (bad) => bad.file.operations.push({ action: "pause", subject: "do-task", reason: "pause 1", count: 1 }),
    "an operation is recorded for more than it did": (bad) => Object.assign(bad.file.operations[0] ?? {}, { count: 2 }),
    "an operation is recorded that nobody asked for": (bad) => bad.file.operations.push({ action: "pause", subject: "do-task", reason: "no reason", count: 1 }),
  },
  drained: {
    "a delivery is left": (bad) => Object.assign(bad.file.deliveries[1] ?? {}, { state: "parked" }),
    "an event lies behind the cursor": (bad) => {
      remove(bad.file.ends, ({ seq }) => seq === seqOf(bad.file.events, "t1"));
      Object.assign(
        find(bad.file.subscriptions, ({ handler }) => handler === "do-task"),
        { cursor: 1 },
      );
    },
    "the engine does not come to rest": (bad) => (bad.views.atRest = false),
  },
  chain: {
    "an event was changed": (bad) => (find(bad.file.events, byId("t1")).time += 1),
    "an event was taken out": (bad) => remove(bad.file.events, byId("t1")),
    "two events were exchanged": (bad) => {
      const [first, second] = bad.file.events;
      if (first !== undefined && second !== undefined) [first.id, second.id] = [second.id, first.id];
    },
    "the chain starts anew in the middle": (bad) => {
      const event = find(bad.file.events, byId("t1"));
      event.previous = "";
      event.hash = chainHash(event);
    },
    "SQLite finds the file damaged": (bad) => (bad.file.integrity = "*** in database main ***"),
  },
  backups: {
    "a backup ends with another event": (bad) => Object.assign(outcome(bad, "backup-1"), { answer: { head: { seq: 5, hash: "other" } } }),
    "a backup cannot be read": (bad) => Object.assign(outcome(bad, "backup-1"), { answer: { head: { seq: -1, hash: "" } } }),
    "half a backup is left under its name": (bad) => bad.history.push({ type: "backup", target: "backup-2", head: { seq: -1, hash: "" } }),
    "a backup is longer than the journal": (bad) => Object.assign(outcome(bad, "backup-1"), { answer: { head: { seq: 99, hash: "other" } } }),
  },
  views: {
    "the engine finds a problem itself": (bad) => (bad.views.verify.problems = [{ position: 3, message: "is damaged" }]),
    "the engine verifies fewer events than there are": (bad) => (bad.views.verify.events -= 2),
    "a dead letter is not shown": (bad) => bad.views.deadLetters.pop(),
    "a dead letter is shown with other data": (bad) => Object.assign(bad.views.deadLetters[0] ?? {}, { data: null }),
    "dead letters are miscounted": (bad) => (find(bad.views.handlers, ({ name }) => name === "do-task").counts.dead = 0),
    "an open delivery is counted": (bad) => (find(bad.views.handlers, ({ name }) => name === "do-task").counts.parked = 1),
    "an operation is not shown": (bad) => bad.views.operations.pop(),
    "a table is shown otherwise than it is stored": (bad) => (bad.views.stock = []),
    "the engine tells nothing": (bad) => Object.assign(bad, { views: undefined }),
  },
  processes: {
    "a process ended by itself": (bad) => (entry(bad, "end", ({ life }) => life === 1).by = "nothing"),
    "a clean stop failed": (bad) => (entry(bad, "end").code = 1),
    "a clean stop left a delivery running": (bad) => (entry(bad, "end").left = { running: 1, walBytes: 0 }),
    "a clean stop left a write-ahead log": (bad) => (entry(bad, "end").left = { running: 0, walBytes: 4_096 }),
    "a second process was let in": (bad) => (entry(bad, "rival").code = "no refusal"),
  },
};

test("a run in which everything holds has no violations", () => {
  expect(check(goodEvidence() as Evidence)).toEqual([]);
});

test("every invariant has runs that break it", () => {
  expect(Object.keys(cases).sort()).toEqual(invariants.map(({ name }) => name).sort());
});

describe.each(Object.entries(cases))("%s", (invariant, spoils) => {
  test.each(Object.entries(spoils))("is broken where %s", (_, spoil) => {
    expect(violationsOf(spoil).map((violation) => violation.invariant)).toContain(invariant);
  });
});

describe("what may be so or so is no violation", () => {
  const tolerated: Readonly<Record<string, Spoil>> = {
    "a batch without an answer that is there as a whole": (bad) => {
      remove(bad.history, (candidate) => candidate === outcome(bad, "batch/0"));
    },
    "a request without an answer that took effect": (bad) => Object.assign(outcome(bad, '"o1"'), { type: "unknown" }),
    "an operation without an answer that took effect": (bad) => Object.assign(outcome(bad, '"cured"'), { type: "unknown" }),
    "a last attempt that ended with its process": (bad) => {
      find(bad.file.deliveries, ({ handler }) => handler === "follow-sequence").failure = { code: "HANDLER_CRASHED", message: "" };
      find(bad.views.deadLetters, ({ handler }) => handler === "follow-sequence").code = "HANDLER_CRASHED";
    },
    "a step that was kept by a process which died before it could tell": (bad) => remove(bad.history, ({ type }) => type === "kept"),
    "a tick that came after all was done": (bad) => {
      const { seq } = find(bad.file.events, ({ type }) => type === "pulsequeue.schedule.beat");
      remove(bad.file.ends, (end) => end.seq === seq);
      bad.file.tables.beats.pop();
      Object.assign(
        find(bad.file.subscriptions, ({ handler }) => handler === "beat"),
        { cursor: seq - 1 },
      );
    },
  };
  test.each(Object.entries(tolerated))("%s", (_, change) => {
    expect(violationsOf(change)).toEqual([]);
  });
});

test("the hash of the first event is that of its fields in lines, as the engine documents it", () => {
  const event = {
    seq: 1,
    type: "a.b",
    source: "app",
    id: "e-1",
    time: 5,
    key: null,
    tenant: null,
    version: 1,
    correlation: null,
    causation: null,
    hops: 0,
    traceparent: null,
    due: null,
    data: "{}",
    previous: "",
  };
  // printf '\n1\na.b\napp\ne-1\n5\n\n\n1\n\n\n0\n\n\n{}' | openssl dgst -sha256 -binary | base64
  expect(chainHash(event)).toBe("GG2JslQ0kjmiDcNSU2OVZBKFdNfWx5knJZP9mizfNOs=");
});
