/** A run by hand in which everything holds: one of each thing that the checker looks at. Tests spoil it in one place. */
import type { HandlerView, Json } from "pulsequeue";
import type { Charge } from "../app.ts";
import type { Entry, Evidence, StoredEvent } from "../evidence.ts";
import type { Answer, Request } from "../protocol.ts";
import { chainHash } from "./journal.ts";

/** `Value` with everything in it open to change. */
export type Draft<Value> = Value extends readonly (infer Item)[]
  ? Draft<Item>[]
  : Value extends object
    ? { -readonly [Key in keyof Value]: Draft<Value[Key]> }
    : Value;

const start = Date.parse("2026-01-01T00:00:00.000Z");
const handlerOf: Readonly<Record<string, string>> = {
  "item.added": "count-item",
  "item.counted": "follow-up",
  "step.taken": "follow-sequence",
  "task.given": "do-task",
  "payment.due": "charge-card",
  "reminder.due": "remind",
  "stock.arrived": "receive-stock",
  "reservation.made": "settle-reservation",
  "pulsequeue.schedule.beat": "beat",
};

/** Gives every event the position, the predecessor and the hash that follow from its place. */
export function rechain(events: Draft<StoredEvent>[]): void {
  let previous = "";
  for (const [index, event] of events.entries()) {
    event.seq = index + 1;
    event.previous = previous;
    event.hash = previous = chainHash(event);
  }
}

const item = (token: string): { readonly token: string; readonly bucket: string; readonly amount: number; readonly slow: number } => ({
  token,
  bucket: "b1",
  amount: 5,
  slow: 0,
});
const step = (number: number, poison = "no"): Json => ({ key: "k", number, failures: 0, poison });
const order = (
  orderId: string,
  quantity: number,
  sell: boolean,
): { readonly orderId: string; readonly sku: string; readonly quantity: number; readonly sell: boolean } => ({
  orderId,
  sku: "sku-1",
  quantity,
  sell,
});

interface EventOptions {
  readonly source?: string;
  readonly causation?: string;
  readonly delay?: number;
  readonly hops?: number;
}

function journal(): Draft<StoredEvent>[] {
  const events: Draft<StoredEvent>[] = [];
  const add = (type: string, id: string, data: Json, { source = "crash", causation, delay = 0, hops = 0 }: EventOptions = {}): void => {
    const time = start + events.length;
    const key = type === "step.taken" ? "k" : null;
    const due = delay > 0 ? time + delay : null;
    const rest = { tenant: null, version: 1, correlation: causation ?? null, causation: causation ?? null, hops, traceparent: null };
    events.push({ seq: 0, type, source, id, time, key, ...rest, due, data: JSON.stringify(data), previous: "", hash: "" });
  };
  const counted = (origin: string): void => add("item.counted", `counted-${origin}`, { origin }, { source: "crash/count-item", causation: origin, hops: 1 });
  for (const id of ["i1", "i2"]) add("item.added", id, item(id));
  for (const index of [0, 1]) add("item.added", `m${String(index)}`, item(`batch/${String(index)}`));
  for (const id of ["i1", "i2", "m0", "m1"]) counted(id);
  add("step.taken", "s1", step(1));
  add("step.taken", "s2", step(2, "always"));
  add("step.taken", "s3", step(3, "final"));
  add("step.taken", "s4", step(4));
  add("task.given", "t1", { group: "g", failures: 0, poison: "no", slow: 0 });
  add("task.given", "t2", { group: "g", failures: 0, poison: "final", slow: 0 });
  add("payment.due", "p1", { amount: 1, failures: 0 });
  add("reminder.due", "r1", { delay: 50 }, { delay: 50 });
  add("stock.arrived", "a1", { sku: "sku-1", quantity: 10 });
  add("reservation.made", "made-o1", order("o1", 2, true), { source: "crash/reserve", delay: 20 });
  add("reservation.made", "made-o2", order("o2", 1, false), { source: "crash/reserve", delay: 20 });
  const scheduledAt = new Date(start).toISOString();
  add("pulsequeue.schedule.beat", `beat/${scheduledAt}`, { scheduledAt });
  rechain(events);
  return events;
}

function history(head: { readonly seq: number; readonly hash: string }): Draft<Entry>[] {
  const entries: Draft<Entry>[] = [];
  let calls = 0;
  const call = (request: Request, outcome: { type: "ok"; answer: Answer } | { type: "fail"; code: string } | { type: "unknown" }): void => {
    calls += 1;
    entries.push({ type: "call", call: calls, request } as Draft<Entry>, { ...outcome, call: calls } as Draft<Entry>);
  };
  const ok = (answer: Answer): { type: "ok"; answer: Answer } => ({ type: "ok", answer });
  const receipt = (id: string, duplicate = false): ReturnType<typeof ok> => ok({ receipts: [{ id, duplicate }] });
  const publish = (event: Extract<Request, { do: "publish" }>["event"], id: string, data: Json, delay = 0): Request => ({
    do: "publish",
    event,
    id,
    data,
    delay,
  });
  const invoke = (endpoint: "bump" | "reserve" | "heal", key: string, body: Json): Request => ({ do: "invoke", endpoint, key, body });
  const answer = (status: number, body: Json, replayed = false): ReturnType<typeof ok> => ok({ status, body, replayed });
  const attempt = (life: number, handler: string, event: string, number: number): void => {
    entries.push({ type: "attempt", life, handler, event, attempt: number });
  };
  const charge = (life: number, { charge: number, call: called }: Charge): void => {
    entries.push({ type: "charge", life, key: "pq_1", event: "p1", charge: number, call: called });
  };

  entries.push({ type: "start", life: 1, duplicates: false });
  call(publish("item.added", "i1", item("i1")), receipt("i1"));
  call(publish("item.added", "i1", item("i1")), receipt("i1", true));
  call(publish("item.added", "i1", item("i1 again")), { type: "fail", code: "IDENTITY_REUSED" });
  call({ do: "publish-many", data: [item("batch/0"), item("batch/1")] }, ok({ receipts: ["m0", "m1"].map((id) => ({ id, duplicate: false })) }));
  call({ do: "publish-many", data: [item("lost/0"), item("lost/1")] }, { type: "unknown" });
  call(publish("item.added", "i2", item("i2")), { type: "unknown" });
  for (const [id, data] of [
    ["s1", step(1)],
    ["s2", step(2, "always")],
    ["s3", step(3, "final")],
    ["s4", step(4)],
  ] as const)
    call(publish("step.taken", id, data), receipt(id));
  call(publish("task.given", "t1", { group: "g", failures: 0, poison: "no", slow: 0 }), receipt("t1"));
  call(publish("task.given", "t2", { group: "g", failures: 0, poison: "final", slow: 0 }), receipt("t2"));
  call(publish("payment.due", "p1", { amount: 1, failures: 0 }), receipt("p1"));
  call(publish("reminder.due", "r1", { delay: 50 }, 50), receipt("r1"));
  call(publish("stock.arrived", "a1", { sku: "sku-1", quantity: 10 }), receipt("a1"));
  attempt(1, "follow-sequence", "s1", 1);
  attempt(1, "follow-sequence", "s1", 2);
  attempt(1, "follow-sequence", "s2", 1);
  attempt(1, "follow-sequence", "s2", 8);
  attempt(1, "follow-sequence", "s3", 1);
  attempt(1, "follow-sequence", "s4", 1);
  attempt(1, "do-task", "t2", 1);
  charge(1, { charge: 1, call: 1 });
  entries.push({ type: "rival", life: 1, code: "STORE_LOCKED" });
  call({ do: "backup", target: "backup-1" }, ok({ head }));
  entries.push({ type: "end", life: 1, by: "SIGKILL", code: null, message: "", left: undefined });

  entries.push({ type: "start", life: 2, duplicates: true });
  call(publish("item.added", "i2", item("i2")), receipt("i2", true));
  charge(2, { charge: 1, call: 2 });
  entries.push({ type: "kept", life: 2, key: "pq_1", call: 2 });
  charge(2, { charge: 1, call: 3 });
  call(invoke("reserve", "o1", order("o1", 2, true)), answer(201, { id: "o1", draw: 0.1 }));
  call(invoke("reserve", "o2", order("o2", 1, false)), answer(201, { id: "o2", draw: 0.2 }));
  call(invoke("reserve", "o3", order("o3", 90, false)), answer(409, { code: "SOLD_OUT" }));
  call(invoke("bump", "x1", { id: "x1", bucket: "b1", amount: 7 }), answer(201, { id: "x1", draw: 0.3 }));
  call(invoke("bump", "x1", { id: "x1", bucket: "b1", amount: 7 }), answer(201, { id: "x1", draw: 0.3 }, true));
  call(invoke("bump", "x1", { id: "x1", bucket: "b1", amount: -1 }), answer(422, { code: "REQUEST_MISMATCH" }));
  call(invoke("heal", "heal-s3", { id: "s3" }), answer(201, { id: "s3", draw: 0.4 }));
  call({ do: "redrive", eventId: "s3", reason: "cured" }, ok({ count: 1 }));
  attempt(2, "follow-sequence", "s3", 1);
  call({ do: "redrive", eventId: "t2", reason: "try again" }, ok({ count: 1 }));
  attempt(2, "do-task", "t2", 1);
  call({ do: "pause", handler: "do-task", reason: "pause 1" }, ok({ count: 1 }));
  call({ do: "resume", handler: "do-task", reason: "resume 1" }, ok({ count: 1 }));
  entries.push({ type: "end", life: 2, by: "SIGTERM", code: 0, message: "", left: { running: 0, walBytes: 0 } });
  return entries;
}

export function goodEvidence(): Draft<Evidence> & { views: Draft<NonNullable<Evidence["views"]>> } {
  const events = journal();
  const last = events.length;
  const deadIds = ["s2", "t2"];
  const one = <Rest extends object>(id: string, rest: Rest): { id: string; times: number } & Rest => ({ id, times: 1, ...rest });
  const tables: Draft<Evidence["file"]["tables"]> = {
    counters: [{ id: "b1", count: 5, sum: 27 }],
    applied: ["i1", "i2", "m0", "m1"].map((id) => one(id, { bucket: "b1", amount: 5 })),
    bumps: [one("x1", { bucket: "b1", amount: 7 })],
    "follow-ups": ["i1", "i2", "m0", "m1"].map((origin) => one(`counted-${origin}`, { origin })),
    sequences: [{ key: "k", place: 3 }],
    seen: [one("s1", { key: "k", number: 1, place: 1 }), one("s4", { key: "k", number: 4, place: 2 }), one("s3", { key: "k", number: 3, place: 3 })],
    tasks: [one("t1", {})],
    charges: [one("p1", { key: "pq_1", charge: 1, call: 2 })],
    reminders: [one("r1", { waited: 51, delay: 50 })],
    arrivals: [one("a1", { sku: "sku-1", quantity: 10 })],
    stock: [{ sku: "sku-1", onHand: 8, reserved: 0 }],
    reservations: [
      one("o1", { sku: "sku-1", quantity: 2, state: "sold", settled: 1 }),
      one("o2", { sku: "sku-1", quantity: 1, state: "released", settled: 1 }),
    ],
    remedies: [{ id: "s3" }],
    beats: [one(new Date(start).toISOString(), {})],
  };
  const deliveries: Draft<Evidence["file"]["deliveries"]> = [
    {
      handler: "follow-sequence",
      seq: seqOf(events, "s2"),
      run: 0,
      state: "dead",
      attempts: 8,
      redrives: 0,
      failure: { code: "HANDLER_FAILED", message: "Error: poison s2" },
    },
    { handler: "do-task", seq: seqOf(events, "t2"), run: 0, state: "dead", attempts: 1, redrives: 1, failure: { code: "NON_RETRYABLE", message: "poison t2" } },
  ];
  const operations = [
    { action: "redrive", subject: '{"eventId":"s3"}', reason: "cured", count: 1 },
    { action: "redrive", subject: '{"eventId":"t2"}', reason: "try again", count: 1 },
    { action: "pause", subject: "do-task", reason: "pause 1", count: 1 },
    { action: "resume", subject: "do-task", reason: "resume 1", count: 1 },
  ];
  const view = (name: string): Draft<HandlerView> => {
    const dead = deliveries.filter(({ handler }) => handler === name).length;
    return {
      name,
      events: [],
      paused: false,
      pauseReason: undefined,
      counts: { scheduled: 0, ready: 0, running: 0, retrying: 0, parked: 0, dead },
      oldestReady: undefined,
    };
  };
  return {
    history: history({ seq: 5, hash: events[4]?.hash ?? "" }),
    file: {
      events,
      subscriptions: Object.entries(handlerOf).map(([type, handler]) => ({ handler, type, since: 0, cursor: last })),
      deliveries,
      ends: events.filter(({ id }) => !deadIds.includes(id)).map(({ type, seq }) => ({ handler: handlerOf[type] ?? "", seq, run: 0, state: "done" })),
      operations,
      answers: ["reserve/o1", "reserve/o2", "bump/x1", "heal/heal-s3"],
      tables,
      integrity: "ok",
    },
    views: {
      atRest: true,
      verify: { ok: true, events: last, problems: [] },
      deadLetters: [
        { eventId: "s2", handler: "follow-sequence", attempts: 8, code: "HANDLER_FAILED", data: step(2, "always") as Draft<Json> },
        { eventId: "t2", handler: "do-task", attempts: 1, code: "NON_RETRYABLE", data: { group: "g", failures: 0, poison: "final", slow: 0 } },
      ],
      handlers: Object.values(handlerOf).map(view),
      operations: operations
        .map(({ action, subject, reason, count }, index) => ({
          action: action as "pause",
          subject,
          reason,
          sequence: index + 1,
          time: "2026-01-01T00:00:01.000Z",
          by: "local",
          result: "ok" as const,
          detail: { count },
          hash: "",
        }))
        .toReversed(),
      counters: [{ id: "b1", count: 5, sum: 27 }],
      stock: [{ sku: "sku-1", onHand: 8, reserved: 0 }],
      sequences: [{ key: "k", place: 3 }],
    },
  };
}

export function seqOf(events: readonly Pick<StoredEvent, "id" | "seq">[], id: string): number {
  const event = events.find((candidate) => candidate.id === id);
  if (event === undefined) throw new Error(`there is no event ${id}`);
  return event.seq;
}
