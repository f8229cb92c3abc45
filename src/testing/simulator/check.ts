/**
 * The judge: a pure function over what clients saw and what is stored at the end. It knows nothing of the engine. Each rule
 * is one promise; `unknown` outcomes may have happened or not.
 */
import { sameJson } from "../../core/json.ts";
import type { EventView } from "../../core/queue.ts";
import type { FinalState, History } from "./history.ts";

export interface Violation {
  readonly rule: Rule;
  readonly text: string;
}

type Report = (text: string) => void;

const tickType = "pulsequeue.schedule.tick";

/** The rules, by name. */
const rules = {
  "an acknowledged event is stored, unchanged, once": accepted,
  "an identity is one event": identity,
  "an effect happens once": effectsOnce,
  "the order of each key is kept": keyOrder,
  "stock and money are conserved": conserved,
  "a change and its event are one": outbox,
  "a request has one answer": requests,
  "a dead letter is complete, and there once": deadLetters,
  "the chain is whole": chain,
  "limits of concurrency are kept": concurrency,
  "nothing runs before its time": notEarly,
  "a finished step is not run again": stepsOnce,
  "what operators do is recorded": recorded,
  "everything comes to an end": liveness,
} as const satisfies Record<string, (history: History, state: FinalState, report: Report) => void>;

export type Rule = keyof typeof rules;

/** Every rule that is broken, each with what shows it. */
export function check(history: History, state: FinalState): readonly Violation[] {
  const violations: Violation[] = [];
  for (const [rule, judge] of Object.entries(rules) as [Rule, (typeof rules)[Rule]][]) {
    judge(history, state, (text) => {
      violations.push({ rule, text });
    });
  }
  return violations;
}

function byId(events: readonly EventView[]): ReadonlyMap<string, EventView> {
  return new Map(events.map((event) => [event.id, event]));
}

function isAccepted(outcome: string): boolean {
  return outcome === "new" || outcome === "duplicate";
}

function accepted(history: History, state: FinalState, report: Report): void {
  const events = byId(state.events);
  for (const { id, type, data, outcome } of history.published) {
    if (!isAccepted(outcome)) continue;
    const event = events.get(id);
    if (event === undefined) report(`${id} was acknowledged and is not there`);
    else if (event.type !== type || !sameJson(event.data, JSON.parse(data)))
      report(`${id} was acknowledged with ${data} and is stored as ${JSON.stringify(event.data)}`);
  }
  for (const { name, size, outcome } of history.batches) {
    const stored = state.events.filter((event) => fieldOf(event, "batch") === name).length;
    if (stored !== size && (stored !== 0 || outcome === "new")) report(`of batch ${name}, ${outcome}, ${String(stored)} of ${String(size)} events are there`);
  }
}

function identity(history: History, state: FinalState, report: Report): void {
  const ids = state.events.map((event) => `${event.source} ${event.id}`);
  if (new Set(ids).size !== ids.length) report("two events have the same source and id");
  const positions = state.events.map((event) => event.sequence);
  if (positions.some((position, index) => index > 0 && position <= (positions[index - 1] ?? 0))) report("positions do not grow");
  const events = byId(state.events);
  const firsts = new Map<string, number>();
  for (const { id, outcome, data, code } of history.published) {
    if (outcome === "new") firsts.set(id, (firsts.get(id) ?? 0) + 1);
    const isSame = sameJson(events.get(id)?.data, JSON.parse(data));
    if (outcome === "refused" && (isSame || code !== "IDENTITY_REUSED"))
      report(`${id} was refused with ${String(code)} although its data is ${isSame ? "the same" : "other"}`);
  }
  for (const [id, count] of firsts) if (count > 1) report(`${id} was acknowledged as new ${String(count)} times`);
}

function effectsOnce(history: History, state: FinalState, report: Report): void {
  const expected = new Set<string>();
  for (const event of state.events) {
    if (event.type === tickType) expected.add(`tick/${String(fieldOf(event, "scheduledAt"))}`);
    for (const handler of event.type === tickType ? [] : (state.subscribers.get(event.type) ?? [])) expected.add(`${handler}/${event.id}`);
  }
  for (const delivery of expected) {
    const count = state.effects.get(delivery) ?? 0;
    const most = delivery.startsWith("audit/") ? 1 + history.replays : 1;
    if (count > most) report(`${delivery} took effect ${String(count)} times`);
    if (count === 0 && !history.maybeDiscarded.has(delivery)) report(`${delivery} took no effect`);
  }
  for (const delivery of state.effects.keys()) if (!expected.has(delivery)) report(`${delivery} took effect and is no delivery`);
}

function keyOrder(history: History, state: FinalState, report: Report): void {
  const events = byId(state.events);
  for (const [key, ids] of state.orders) {
    let latest = 0;
    for (const id of ids) {
      const position = events.get(id)?.sequence ?? 0;
      if (position < latest && !history.everDead.has(`follow/${id}`)) report(`${id} of ${key} took effect after a later event, and was never dead`);
      latest = Math.max(latest, position);
    }
    if (new Set(ids).size !== ids.length) report(`an event of ${key} is twice in its order`);
  }
}

function conserved(_history: History, state: FinalState, report: Report): void {
  const held = new Map<string, number>();
  for (const { item, state: stage } of state.purchases) held.set(`${stage} ${item}`, (held.get(`${stage} ${item}`) ?? 0) + 1);
  for (const { item, onHand, reserved, sold } of state.stock) {
    if (reserved < 0 || sold < 0 || reserved + sold > onHand)
      report(`${item} is oversold: ${String(reserved)} reserved, ${String(sold)} sold of ${String(onHand)}`);
    if (reserved !== (held.get(`reserved ${item}`) ?? 0))
      report(`${String(reserved)} of ${item} are reserved, for ${String(held.get(`reserved ${item}`) ?? 0)} orders`);
    if (sold !== (held.get(`paid ${item}`) ?? 0)) report(`${String(sold)} of ${item} are sold, in ${String(held.get(`paid ${item}`) ?? 0)} paid orders`);
  }
  const balances = state.money.reduce((sum, account) => sum + account.balance, 0);
  if (balances !== 0) report(`debits and credits differ by ${String(balances)}`);
  const paid = state.purchases.reduce((sum, purchase) => sum + purchase.amount, 0);
  const earned = state.money.find((account) => account.account === "shop")?.balance ?? 0;
  if (paid !== earned) report(`orders paid ${String(paid)}, the shop has ${String(earned)}`);
}

function outbox(_history: History, state: FinalState, report: Report): void {
  const children = new Map<string, number>();
  for (const { causationId, source } of state.events)
    if (causationId !== undefined) children.set(`${source} ${causationId}`, (children.get(`${source} ${causationId}`) ?? 0) + 1);
  for (const event of state.events) {
    const handler = event.type === "placed" ? "reserve" : event.type === "reserved" ? "pay" : undefined;
    if (handler === undefined) continue;
    const changes = state.effects.get(`${handler}/${event.id}`) ?? 0;
    const emitted = children.get(`simulated/${handler} ${event.id}`) ?? 0;
    if (changes !== emitted) report(`${handler}/${event.id} changed state ${String(changes)} times and emitted ${String(emitted)} events`);
  }
}

function requests(history: History, state: FinalState, report: Report): void {
  const answers = new Map<string, Set<string>>();
  for (const { key, outcome, answer, code } of history.requested) {
    if (outcome === "refused" && code !== "REQUEST_IN_PROGRESS") report(`${key} was refused with ${String(code)}`);
    if (outcome === "answered" || outcome === "replayed") answers.set(key, (answers.get(key) ?? new Set()).add(answer ?? ""));
  }
  const placed = new Map<unknown, number>();
  for (const event of state.events) if (event.type === "placed") placed.set(fieldOf(event, "order"), (placed.get(fieldOf(event, "order")) ?? 0) + 1);
  const purchased = new Set(state.purchases.map((purchase) => purchase.id));
  for (const [order, count] of placed) if (count !== 1) report(`order ${String(order)} was placed ${String(count)} times`);
  if (placed.size !== purchased.size || [...purchased].some((order) => !placed.has(order))) report("orders and their first events differ");
  for (const [key, distinct] of answers) {
    if (distinct.size !== 1) report(`${key} has ${String(distinct.size)} different answers`);
    if (!purchased.has(key.replace("key-", ""))) report(`${key} was answered and left nothing`);
  }
}

function deadLetters(history: History, state: FinalState, report: Report): void {
  const events = byId(state.events);
  const seen = new Set<string>();
  for (const letter of state.deadLetters) {
    const delivery = `${letter.handler}/${letter.eventId}`;
    if (seen.has(delivery) && !letter.replay) report(`${delivery} is dead twice`);
    seen.add(delivery);
    if (letter.failure === undefined || letter.attempts < 1) report(`${delivery} is dead without a cause or an attempt`);
    if (!sameJson(letter.event.data, events.get(letter.eventId)?.data)) report(`${delivery} has lost its data`);
  }
  for (const delivery of state.doomed) {
    if (!seen.has(delivery) && !history.maybeDiscarded.has(delivery)) report(`${delivery} can never succeed and is no dead letter`);
  }
}

function chain(_history: History, state: FinalState, report: Report): void {
  for (const problem of state.chainProblems) report(problem);
}

function concurrency(history: History, _state: FinalState, report: Report): void {
  for (const { handler, lane, running, limit } of history.overlaps)
    report(`${handler} ran ${String(running)} deliveries of ${lane} at once, ${String(limit)} may`);
}

/**
 * Early is what comes before its time by the engine's clock, in any of its lives so far, and by the true clock too: after a
 * restart an engine knows the wall clock alone, which may have been set, and what was due once is due for ever.
 */
function notEarly(history: History, state: FinalState, report: Report): void {
  const events = byId(state.events);
  const published = new Map(history.published.filter((entry) => entry.outcome === "new").map((entry) => [entry.id, entry]));
  const asked = new Map<string, { readonly attempt: number; readonly until: number; readonly trulyUntil: number }>();
  let latest = 0;
  for (const { handler, eventId, attempt, startedAt, endedAt, trulyStartedAt, trulyEndedAt, askedFor, settledAs } of history.runs) {
    const delivery = `${handler}/${eventId}`;
    latest = Math.max(latest, startedAt);
    const { delay, sentAt } = published.get(eventId) ?? { delay: 0, sentAt: 0 };
    const due = Date.parse(events.get(eventId)?.time ?? "") + delay;
    if (latest < due && trulyStartedAt < sentAt + delay) report(`${delivery} ran ${String(due - startedAt)} ms early`);
    const before = asked.get(delivery);
    if (before !== undefined && attempt === before.attempt + 1 && latest < before.until && trulyStartedAt < before.trulyUntil) {
      report(`${delivery} was tried again ${String(before.until - startedAt)} ms early`);
    }
    // Replays have attempts of their own.
    if (settledAs !== "retrying" || askedFor === undefined || endedAt === undefined || trulyEndedAt === undefined || handler === "audit") continue;
    asked.set(delivery, { attempt, until: endedAt + askedFor, trulyUntil: trulyEndedAt + askedFor });
  }
  for (const { scheduledAt, ranAt } of history.ticks) if (ranAt < Date.parse(scheduledAt)) report(`the tick of ${scheduledAt} ran early`);
}

function stepsOnce(history: History, _state: FinalState, report: Report): void {
  const keys = new Map<string, Set<string>>();
  for (const { key, orderId, repeated } of history.charges) {
    if (repeated) report(`the charge of ${orderId} was asked for again after its step was remembered`);
    keys.set(orderId, (keys.get(orderId) ?? new Set()).add(key));
  }
  for (const [orderId, distinct] of keys) if (distinct.size > 1) report(`${orderId} was charged under ${String(distinct.size)} keys`);
}

function recorded(history: History, state: FinalState, report: Report): void {
  const sum = (action: string, list: readonly { readonly action: string; readonly count: number }[]): number =>
    list.reduce((total, entry) => total + (entry.action === action ? entry.count : 0), 0);
  const entries = state.operations.map(({ action, detail }) => ({ action, count: detail["count"] ?? 0 }));
  for (const action of new Set(history.operated.map((entry) => entry.action))) {
    const [told, written] = [sum(action, history.operated), sum(action, entries)];
    if (written < told) report(`${action} was answered for ${String(told)} deliveries or handlers, and is recorded for ${String(written)}`);
  }
  for (const { action, reason } of state.operations) if (reason === "") report(`${action} is recorded without its reason`);
}

function liveness(_history: History, state: FinalState, report: Report): void {
  for (const delivery of [...state.stuck, ...state.open]) report(`${delivery.handler}/${delivery.eventId} is left ${delivery.state} (${delivery.reason})`);
  for (const letter of state.stillDead) report(`${letter.handler}/${letter.eventId} is dead although nothing stands against it: ${letter.reason}`);
}

function fieldOf(event: EventView, name: string): unknown {
  return typeof event.data === "object" && event.data !== null ? Object.entries(event.data).find(([field]) => field === name)?.[1] : undefined;
}
