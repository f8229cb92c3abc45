/** The judge: a pure function over what clients were told and what is left at the end. Each rule is one promise. */
import type { DeadLetterView, EventView } from "pulsequeue";
import { checkInvariants } from "../../examples/order-pipeline/invariants.ts";
import type { Snapshot } from "../../examples/order-pipeline/snapshot.ts";
import { sha256 } from "../../src/machine/hash.ts";
import { journalKey } from "../../src/engines/aws/items/journal.ts";
import { deliveryKey } from "../../src/engines/aws/items/deliveries.ts";
import type { Written } from "./beneath.ts";
import { chronicler, identityOf, noted } from "./chronicle.ts";
import type { History } from "./clients.ts";
import type { Plan } from "./plan.ts";

/** What is there when all faults are over and everything has come to rest. */
export interface FinalState {
  /** Handlers by the type of event that they take. */
  readonly subscribers: ReadonlyMap<string, readonly string[]>;
  /** Oldest first. */
  readonly events: readonly EventView[];
  readonly snapshot: Snapshot;
  /** Keys with which the provider was asked for two things. */
  readonly misused: readonly string[];
  readonly chronicle: ReadonlyMap<string, readonly string[]>;
  readonly witnessed: ReadonlyMap<string, number>;
  readonly written: Written;
  /** Dead letters at rest, before they were sent again. */
  readonly deadLetters: readonly DeadLetterView[];
  /** Deliveries that were dead at some time of that, as `handler/source/event id`. */
  readonly everDead: ReadonlySet<string>;
  /** Dead letters after that: none may be left. */
  readonly stillDead: readonly DeadLetterView[];
  readonly relayFailures: readonly string[];
  /** What was not done within the time for it, in words. */
  readonly stuck: readonly string[];
  /** Calls of clients without an answer. */
  readonly unanswered: number;
}

export interface Violation {
  readonly rule: string;
  readonly text: string;
}

type Report = (text: string) => void;
type Rule = (state: FinalState, report: Report, history: History, plan: Plan) => void;

/** The rules, by name. */
const rules: Readonly<Record<string, Rule>> = {
  "what was acknowledged is stored": acknowledged,
  "a request has one answer": answers,
  "the shop's invariants hold": invariants,
  "what is wanted is sold": sold,
  "a charge has one key": ({ misused }, report) => {
    for (const key of misused) report(`${key} was used again with other parameters`);
  },
  "every event reaches its handlers": reached,
  "an effect happens once": once,
  "the order of each key is kept": keyOrder,
  "a dead letter is complete": deadLetters,
  "everything comes to an end": liveness,
};

export function judge(plan: Plan, history: History, state: FinalState): readonly Violation[] {
  const violations: Violation[] = [];
  for (const [rule, check] of Object.entries(rules)) check(state, (text) => void violations.push({ rule, text }), history, plan);
  return violations;
}

function acknowledged({ events, snapshot }: FinalState, report: Report, { placed, published, refused }: History): void {
  const orders = new Set(snapshot.orders.map(({ id }) => id));
  for (const id of placed) if (!orders.has(id)) report(`${id} was acknowledged and is not there`);
  for (const text of refused) report(`a valid order was refused: ${text}`);
  for (const [id, data] of published) {
    const found = events.filter((event) => event.id === id && event.type === noted.name);
    if (found.length !== 1 || JSON.stringify(found[0]?.data) !== data) report(`${id} was acknowledged, and is there ${String(found.length)} times`);
  }
}

function answers(_state: FinalState, report: Report, history: History): void {
  for (const [id, texts] of history.answers) if (texts.size > 1) report(`${id} was answered in ${String(texts.size)} ways`);
}

function invariants({ snapshot }: FinalState, report: Report): void {
  for (const { rule, subject, message } of checkInvariants(snapshot)) report(`${rule}: ${subject}: ${message}`);
}

/** Where nothing but the stock stands against an order, as much is sold as is there. */
function sold({ snapshot }: FinalState, report: Report, { cancelled }: History, { declines, timeouts, failures }: Plan): void {
  const isDisturbed = cancelled + declines + timeouts + failures > 0 || snapshot.orders.some(({ state }) => state === "EXPIRED" || state === "NEEDS_ATTENTION");
  if (isDisturbed) return;
  for (const { sku, onHand } of snapshot.stock) {
    const refused = snapshot.orders.filter(({ state, lines }) => state === "CANCELLED" && lines.some((line) => line.sku === sku));
    for (const { id, lines } of refused)
      if (lines.every((line) => line.quantity <= onHand)) report(`${id} was refused ${sku}, of which ${String(onHand)} are left`);
  }
}

function deliveriesOf({ events, subscribers }: FinalState): readonly { readonly name: string; readonly key: string }[] {
  return events.flatMap(({ id, source, type, tenant }) =>
    (subscribers.get(type) ?? []).map((handler) => {
      const { p, s } = deliveryKey(handler, journalKey(sha256, { id, source, tenant }), 0);
      return { name: `${handler}/${type} ${id}`, key: `${p} ${s}` };
    }),
  );
}

function reached(state: FinalState, report: Report): void {
  for (const { name, key } of deliveriesOf(state)) if (!state.written.done.has(key)) report(`${name} was never done`);
}

function once({ chronicle, witnessed, written }: FinalState, report: Report): void {
  for (const [id, times] of witnessed) if (times !== 1) report(`${id} was counted ${String(times)} times`);
  for (const [key, count] of written.done) if (count > 1) report(`${key} was done ${String(count)} times`);
  for (const [key, ids] of chronicle) for (const id of new Set(ids)) if (ids.indexOf(id) !== ids.lastIndexOf(id)) report(`${id} of ${key} took effect twice`);
}

/** The chronicle has the events of a key in the order of their commits; what was dead or due later takes its place when it comes. */
function keyOrder({ chronicle, written, events, everDead, subscribers }: FinalState, report: Report): void {
  const ids = new Map(events.map((event) => [journalKey(sha256, event), event]));
  for (const [key, found] of chronicle) {
    const isExempt = (identity: string): boolean => everDead.has(`${chronicler}/${identity}`);
    const placed = (written.order.get(key) ?? []).map((each) => ids.get(each)).filter((event) => event !== undefined);
    const expected = placed.filter(({ type }) => subscribers.get(type)?.includes(chronicler) === true).map(identityOf);
    const inOrder = found.filter((each) => expected.includes(each) && !isExempt(each));
    const wanted = expected.filter((each) => !isExempt(each));
    if (inOrder.join(" ") !== wanted.join(" ")) report(`the events of ${key} took effect as ${inOrder.join(", ")} instead of ${wanted.join(", ")}`);
  }
}

function deadLetters({ deadLetters: letters, events }: FinalState, report: Report): void {
  const seen = new Set<string>();
  for (const { handler, eventId, event, failure, attempts, replay } of letters) {
    const name = `${handler}/${identityOf(event)}`;
    if (seen.has(name) && !replay) report(`${name} is dead twice`);
    seen.add(name);
    if (failure === undefined || attempts < 1) report(`${name} is dead without a cause or an attempt`);
    const stored = events.find((each) => each.id === eventId && each.source === event.source);
    if (JSON.stringify(stored?.data) !== JSON.stringify(event.data)) report(`${name} has lost its data`);
  }
}

function liveness({ stuck, stillDead, relayFailures, unanswered }: FinalState, report: Report): void {
  for (const text of stuck) report(text);
  for (const { handler, eventId, reason } of stillDead) report(`${handler}/${eventId} is dead although nothing stands against it: ${reason}`);
  for (const text of relayFailures) report(`the relay set aside ${text}`);
  if (unanswered > 0) report(`${String(unanswered)} calls of clients were never answered`);
}
