import { describe, expect, it } from "vitest";
import type { DeadLetterView, DeliveryView, EventView } from "../../core/queue.ts";
import { check } from "./check.ts";
import { emptyHistory, type FinalState, type History, type Run } from "./history.ts";

const noon = Date.UTC(2026, 0, 1, 12);
type Plain<Value> = { -readonly [Key in keyof Value]: Value[Key] };
interface World {
  readonly history: History;
  readonly state: Plain<FinalState>;
}

function event(sequence: number, id: string, type: string, data: EventView["data"], more: Partial<EventView> = {}): EventView {
  const key = type === "stepped" ? "k0" : undefined;
  return {
    id,
    type,
    version: 1,
    source: "simulated",
    sequence,
    time: new Date(noon).toISOString(),
    key,
    correlationId: id,
    causationId: undefined,
    tenant: undefined,
    data,
    ...more,
  };
}

function run(handler: string, eventId: string, more: Partial<Run> = {}): Run {
  const { startedAt = noon + 1_000 } = more;
  const trulyAt = startedAt - noon;
  return {
    handler,
    eventId,
    attempt: 1,
    life: 1,
    startedAt,
    endedAt: startedAt,
    trulyStartedAt: trulyAt,
    trulyEndedAt: trulyAt,
    ended: "returned",
    askedFor: undefined,
    settledAs: "done",
    ...more,
  };
}

function delivery(handler: string, eventId: string, more: Partial<DeliveryView> = {}): DeliveryView {
  return {
    id: "1",
    handler,
    eventId,
    eventType: "stepped",
    sequence: 1,
    key: "k0",
    state: "parked",
    reason: "an earlier event of the key k0 is not finished",
    attempts: 1,
    dueAt: undefined,
    endedAt: undefined,
    milliseconds: undefined,
    wrote: [],
    failure: { code: "NON_RETRYABLE", message: "refused", at: noon },
    redrives: 0,
    replay: false,
    ...more,
  };
}

const letter = (eventId: string, more: Partial<DeadLetterView> = {}): DeadLetterView => ({
  ...delivery("follow", eventId, { state: "dead", reason: "dead after 1 attempt(s)" }),
  event: event(1, eventId, "stepped", { key: "k0", n: 1 }),
  ...more,
});

/** Two steps of one key, a batch, and an order that was placed, reserved and paid: nothing is wrong with it. */
function world(): World {
  const history = emptyHistory();
  const first = { id: "e1", type: "stepped", data: '{"key":"k0","n":1}', delay: 60_000, sentAt: 0, outcome: "new", code: undefined } as const;
  history.published.push(first, { ...first, outcome: "duplicate" }, { ...first, id: "e2", data: '{"key":"k0","n":2}', delay: 0 });
  history.published.push({ ...first, id: "e9", outcome: "unknown" }, { ...first, data: '{"key":"other","n":-1}', outcome: "refused", code: "IDENTITY_REUSED" });
  history.batches.push({ name: "b1", size: 1, outcome: "new" }, { name: "b2", size: 3, outcome: "unknown" });
  history.requested.push(
    { key: "key-o1", outcome: "unknown", answer: undefined, code: undefined },
    { key: "key-o1", outcome: "refused", answer: undefined, code: "REQUEST_IN_PROGRESS" },
    { key: "key-o1", outcome: "replayed", answer: '{"order":"o1"}', code: undefined },
  );
  history.runs.push(run("follow", "e2"), run("follow", "e1", { startedAt: noon + 60_000 }));
  history.charges.push({ key: "pq_1", orderId: "o1", repeated: false });
  history.ticks.push({ scheduledAt: new Date(noon).toISOString(), ranAt: noon });
  history.operated.push({ action: "pause", count: 1 });
  const events = [
    event(1, "e1", "stepped", { key: "k0", n: 1 }),
    event(2, "e2", "stepped", { key: "k0", n: 2 }),
    event(3, "p1", "pinged", { group: "k0", n: 0, batch: "b1" }),
    event(4, "o1", "placed", { order: "o1", item: "i0" }, { source: "simulated/place" }),
    event(5, "r1", "reserved", { order: "o1", item: "i0" }, { source: "simulated/reserve", causationId: "o1" }),
    event(6, "s1", "settled", { order: "o1", outcome: "paid" }, { source: "simulated/pay", causationId: "r1" }),
    event(7, "tick/1", "pulsequeue.schedule.tick", { scheduledAt: new Date(noon).toISOString() }),
  ];
  const effects = ["follow/e1", "follow/e2", "group/p1", "reserve/o1", "pay/r1", `tick/${new Date(noon).toISOString()}`];
  return {
    history,
    state: {
      subscribers: new Map([
        ["stepped", ["follow"]],
        ["pinged", ["group"]],
        ["placed", ["reserve"]],
        ["reserved", ["pay"]],
      ]),
      doomed: new Set(),
      events,
      stuck: [],
      deadLetters: [],
      stillDead: [],
      open: [],
      effects: new Map(effects.map((id) => [id, 1])),
      orders: new Map([["k0", ["e1", "e2"]]]),
      stock: [{ item: "i0", onHand: 6, reserved: 0, sold: 1 }],
      purchases: [{ id: "o1", item: "i0", state: "paid", amount: 10 }],
      money: [
        { account: "customers", balance: -10 },
        { account: "shop", balance: 10 },
      ],
      operations: [
        { sequence: 1, time: "", by: "local", action: "pause", subject: "follow", reason: "for the test", result: "ok", detail: { count: 1 }, hash: "" },
      ],
      chainProblems: [],
    },
  };
}

const without = (state: Plain<FinalState>, id: string): void => void (state.events = state.events.filter((entry) => entry.id !== id));
const effect = (state: Plain<FinalState>, id: string, count: number): void => void (state.effects = new Map([...state.effects, [id, count]]));

/** What can go wrong, and the rule that must say so. */
const wrongs: readonly (readonly [wrong: string, rule: string, harm: (world: World) => void])[] = [
  ["an acknowledged event is missing", "an acknowledged event is stored, unchanged, once", ({ state }) => without(state, "e2")],
  [
    "an acknowledged event has other data",
    "an acknowledged event is stored, unchanged, once",
    ({ history }) => history.published.push({ id: "e1", type: "stepped", data: '{"key":"k0","n":7}', delay: 0, sentAt: 0, outcome: "new", code: undefined }),
  ],
  [
    "an acknowledged batch is missing",
    "an acknowledged event is stored, unchanged, once",
    ({ history }) => history.batches.push({ name: "b3", size: 2, outcome: "new" }),
  ],
  [
    "half a batch is there",
    "an acknowledged event is stored, unchanged, once",
    ({ history }) => history.batches.push({ name: "b1", size: 2, outcome: "unknown" }),
  ],
  [
    "an identity is there twice",
    "an identity is one event",
    ({ state }) => void (state.events = [...state.events, event(8, "e1", "stepped", { key: "k0", n: 1 })]),
  ],
  ["positions do not grow", "an identity is one event", ({ state }) => void (state.events = [...state.events, event(7, "e8", "settled", {})])],
  [
    "an event is new twice",
    "an identity is one event",
    ({ history }) => history.published.push({ id: "e1", type: "stepped", data: '{"key":"k0","n":1}', delay: 0, sentAt: 0, outcome: "new", code: undefined }),
  ],
  [
    "a repeated publish is refused",
    "an identity is one event",
    ({ history }) =>
      history.published.push({ id: "e1", type: "stepped", data: '{"key":"k0","n":1}', delay: 0, sentAt: 0, outcome: "refused", code: "IDENTITY_REUSED" }),
  ],
  [
    "a publish is refused for another reason",
    "an identity is one event",
    ({ history }) => history.published.push({ id: "e7", type: "stepped", data: "{}", delay: 0, sentAt: 0, outcome: "refused", code: "INTERNAL" }),
  ],
  ["an effect happens twice", "an effect happens once", ({ state }) => effect(state, "follow/e1", 2)],
  ["an effect is missing", "an effect happens once", ({ state }) => effect(state, "follow/e1", 0)],
  ["an effect has no delivery", "an effect happens once", ({ state }) => effect(state, "follow/p1", 1)],
  ["a tick is missing", "an effect happens once", ({ state }) => effect(state, `tick/${new Date(noon).toISOString()}`, 0)],
  ["a key's events change places", "the order of each key is kept", ({ state }) => void (state.orders = new Map([["k0", ["e2", "e1"]]]))],
  ["an event is twice in its order", "the order of each key is kept", ({ state }) => void (state.orders = new Map([["k0", ["e1", "e2", "e2"]]]))],
  ["more is sold than there is", "stock and money are conserved", ({ state }) => void (state.stock = [{ item: "i0", onHand: 0, reserved: 0, sold: 1 }])],
  ["something stays reserved", "stock and money are conserved", ({ state }) => void (state.stock = [{ item: "i0", onHand: 6, reserved: 1, sold: 1 }])],
  ["something is sold to nobody", "stock and money are conserved", ({ state }) => void (state.stock = [{ item: "i0", onHand: 6, reserved: 0, sold: 2 }])],
  ["money appears", "stock and money are conserved", ({ state }) => void (state.money = [{ account: "shop", balance: 10 }])],
  ["money is not earned", "stock and money are conserved", ({ state }) => void (state.money = [])],
  ["a change has no event", "a change and its event are one", ({ state }) => without(state, "r1")],
  ["an event has no change", "a change and its event are one", ({ state }) => effect(state, "reserve/o1", 0)],
  [
    "a request has two answers",
    "a request has one answer",
    ({ history }) => history.requested.push({ key: "key-o1", outcome: "answered", answer: '{"order":"o2"}', code: undefined }),
  ],
  [
    "a request is refused",
    "a request has one answer",
    ({ history }) => history.requested.push({ key: "key-o1", outcome: "refused", answer: undefined, code: "409" }),
  ],
  [
    "an answered request left nothing",
    "a request has one answer",
    ({ history }) => history.requested.push({ key: "key-o5", outcome: "answered", answer: "{}", code: undefined }),
  ],
  ["an order has no event", "a request has one answer", ({ state }) => without(state, "o1")],
  ["a dead letter is there twice", "a dead letter is complete, and there once", ({ state }) => void (state.deadLetters = [letter("e1"), letter("e1")])],
  ["a dead letter has no cause", "a dead letter is complete, and there once", ({ state }) => void (state.deadLetters = [letter("e1", { failure: undefined })])],
  ["a dead letter has other data", "a dead letter is complete, and there once", ({ state }) => void (state.deadLetters = [letter("e2")])],
  ["what can never succeed is not dead", "a dead letter is complete, and there once", ({ state }) => void (state.doomed = new Set(["follow/e1"]))],
  ["the chain is broken", "the chain is whole", ({ state }) => void (state.chainProblems = ["position 3 does not follow"])],
  ["too many run at once", "limits of concurrency are kept", ({ history }) => history.overlaps.push({ handler: "group", lane: "k0", running: 2, limit: 1 })],
  ["a delayed event runs early", "nothing runs before its time", ({ history }) => history.runs.unshift(run("follow", "e1", { startedAt: noon + 59_999 }))],
  ["a tick runs early", "nothing runs before its time", ({ history }) => history.ticks.push({ scheduledAt: new Date(noon).toISOString(), ranAt: noon - 1 })],
  [
    "a retry runs early",
    "nothing runs before its time",
    ({ history }) =>
      history.runs.push(
        run("follow", "e2", { ended: "threw", askedFor: 90_000, settledAs: "retrying" }),
        run("follow", "e2", { attempt: 2, startedAt: noon + 90_999 }),
      ),
  ],
  ["a step runs again", "a finished step is not run again", ({ history }) => history.charges.push({ key: "pq_1", orderId: "o1", repeated: true })],
  ["a step has another key", "a finished step is not run again", ({ history }) => history.charges.push({ key: "pq_2", orderId: "o1", repeated: false })],
  ["an operation is not recorded", "what operators do is recorded", ({ history }) => history.operated.push({ action: "redrive", count: 2 })],
  [
    "an operation has no reason",
    "what operators do is recorded",
    ({ state }) => void (state.operations = state.operations.map((operation) => ({ ...operation, reason: "" }))),
  ],
  ["a delivery is stuck", "everything comes to an end", ({ state }) => void (state.stuck = [delivery("follow", "e2")])],
  ["a mended delivery is dead", "everything comes to an end", ({ state }) => void (state.stillDead = [letter("e2")])],
];

describe("the judge", () => {
  it("says nothing where nothing is wrong", () => {
    const { history, state } = world();
    expect(check(history, state)).toEqual([]);
  });

  it("takes what an operator or a death explains", () => {
    const { history, state } = world();
    effect(state, "follow/e1", 0);
    history.maybeDiscarded.add("follow/e1");
    state.doomed = new Set(["follow/e1"]);
    state.orders = new Map([["k0", ["e2", "e1"]]]);
    history.everDead.add("follow/e1");
    history.runs.push(run("follow", "e1", { life: 2, startedAt: noon + 1_000 })); // the wall clock was set back, and it was due before
    expect(check(history, state)).toEqual([]);
  });

  it.each(wrongs)("sees that %s: %s", (_wrong, rule, harm) => {
    const given = world();
    harm(given);
    expect(check(given.history, given.state).map((violation) => violation.rule)).toContain(rule);
  });

  it("has a wrong for each of its rules", () => {
    const { history, state } = world();
    const rules = new Set(wrongs.map(([, rule]) => rule));
    for (const [, , harm] of wrongs) harm({ history, state });
    for (const violation of check(history, state)) expect(rules).toContain(violation.rule);
    expect(rules.size).toBe(14);
  });
});
