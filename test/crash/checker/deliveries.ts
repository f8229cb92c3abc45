/** Invariants of deliveries: order, attempts, dead letters, steps, and that nothing is left open. */
import { attempts as policyAttempts, poisonReason } from "../app.ts";
import type { Entry, StoredDelivery, StoredEvent } from "../evidence.ts";
import { cursorOf, eventsOf } from "./effects.ts";
import { dataOf, deliveryKey, groupBy, type Facts, type Invariant, type Report } from "./facts.ts";

/** The number of a step in the sequence of its key. */
function numberOf(event: StoredEvent): number {
  return dataOf(event).number ?? 0;
}

type Attempt = Extract<Entry, { type: "attempt" }>;

const attemptsOf = ({ history }: Facts): readonly Attempt[] => history.filter((entry) => entry.type === "attempt");

export const order: Invariant = {
  name: "order",
  statement: "the events of a key are handled in their order: the next one starts only after the one before is done or dead",
  check(facts, report) {
    const steps = facts.byType.get("step.taken") ?? [];
    const lastInJournal = new Map<string, number>();
    for (const event of steps) {
      const key = event.key ?? "";
      if (numberOf(event) <= (lastInJournal.get(key) ?? 0)) report(event.id, "stands in the journal behind a later one of its key");
      lastInJournal.set(key, numberOf(event));
    }
    for (const [key, rows] of groupBy(facts.file.tables.seen, (row) => row.key)) checkPlaces(facts, key, rows, report);
    checkAttempts(facts, new Map(steps.map((event) => [event.id, event])), report);
  },
};

/** What was sent again after its death comes late, but never before an earlier one of its key. */
function checkPlaces(facts: Facts, key: string, rows: Facts["file"]["tables"]["seen"], report: Report): void {
  const isLate = (id: string): boolean => (facts.redrives.get(id) ?? 0) > 0;
  const regular = rows.filter(({ id }) => !isLate(id)).sort((left, right) => left.number - right.number);
  let done = 0;
  for (const [index, row] of [...rows].sort((left, right) => left.place - right.place).entries()) {
    if (row.place !== index + 1) report(key, `has no step at place ${String(index + 1)}, or two`);
    const next = regular[done];
    if (isLate(row.id)) {
      if (next !== undefined && next.number < row.number) report(row.id, `was handled before ${next.id} of the same key`);
    } else {
      if (next?.id !== row.id) report(row.id, `was handled before ${next?.id ?? "nothing"} of the same key`);
      done += 1;
    }
  }
}

/** In one life: between two attempts of an event no later one of its key may start. */
function checkAttempts(facts: Facts, steps: ReadonlyMap<string, StoredEvent>, report: Report): void {
  const started = groupBy(
    attemptsOf(facts).filter(({ handler }) => handler === "follow-sequence"),
    ({ life, event }) => `${String(life)} ${steps.get(event)?.key ?? ""}`,
  );
  for (const entries of started.values()) {
    const first = new Map<string, { readonly attempt: number; readonly index: number }>();
    for (const [index, { event, attempt }] of entries.entries()) {
      const before = first.get(event);
      if (before !== undefined && attempt <= before.attempt) continue;
      first.set(event, { attempt, index });
      if (before === undefined || facts.redrives.has(event)) continue;
      const position = steps.get(event)?.seq ?? 0;
      const overtaking = entries.slice(before.index, index).find((other) => (steps.get(other.event)?.seq ?? 0) > position);
      if (overtaking !== undefined) report(overtaking.event, `started while ${event} of the same key waited for its next attempt`);
    }
  }
}

export const attempts: Invariant = {
  name: "attempts",
  statement: "attempts are counted over every crash, and never more than the policy allows",
  check(facts, report) {
    const most = new Map<string, number>();
    for (const { event, handler, attempt, life } of attemptsOf(facts)) {
      const before = most.get(event) ?? 0;
      const subject = `${event} in ${handler}`;
      if (attempt > policyAttempts) report(subject, `began attempt ${String(attempt)} of ${String(policyAttempts)}`);
      // Sent again, it starts anew; delivered once more by the simulated transport, it carries the number it had.
      if (attempt < before && !facts.redrives.has(event) && !facts.duplicating.has(life))
        report(subject, `began attempt ${String(attempt)} after attempt ${String(before)}`);
      most.set(event, Math.max(before, attempt));
    }
  },
};

export const deadLetters: Invariant = {
  name: "dead-letters",
  statement: "the dead letters are exactly the poison, each once, with its cause, its attempts and how often it was sent again",
  check(facts, report) {
    const bySequence = new Map(facts.file.events.map((event) => [event.seq, event]));
    const cured = new Set(facts.file.tables.remedies.map(({ id }) => id));
    const dead = facts.file.deliveries.filter(({ state }) => state === "dead");
    for (const [name, rows] of groupBy(dead, ({ handler, seq }) => deliveryKey(handler, seq))) {
      if (rows.length > 1) report(name, `is a dead letter ${String(rows.length)} times`);
    }
    for (const row of dead) {
      const event = bySequence.get(row.seq);
      if (event === undefined) report(deliveryKey(row.handler, row.seq), "is a dead letter without an event");
      else checkDeadLetter(facts, row, event, report);
    }
    for (const handler of ["do-task", "follow-sequence"]) {
      for (const event of eventsOf(facts, handler)) {
        const isPoison = (dataOf(event).poison ?? "no") !== "no";
        const isDead = facts.deliveries.get(deliveryKey(handler, event.seq))?.state === "dead";
        if (isPoison && !isDead && !cured.has(event.id)) report(event.id, "is poison without a cure, and no dead letter");
        if (isDead && wasRescued(facts, event.id)) report(event.id, "was sent again after its cure, and is still a dead letter");
      }
    }
  },
};

function checkDeadLetter(facts: Facts, row: StoredDelivery, event: StoredEvent, report: Report): void {
  const subject = `${event.id} in ${row.handler}`;
  const { poison = "no" } = dataOf(event);
  const { code, message } = row.failure ?? { code: "no cause", message: "" };
  if (poison === "no") {
    report(subject, `is a dead letter, and no poison (${code}: ${message})`);
    return;
  }
  const expected = poison === "final" ? "NON_RETRYABLE" : "HANDLER_FAILED";
  // A process that dies in the last attempt is a cause as well.
  const crashedLast = code === "HANDLER_CRASHED" && row.attempts === policyAttempts;
  if (!crashedLast && (code !== expected || !message.includes(poisonReason(event.id)))) report(subject, `has the cause ${code}: ${message}`);
  const fewest = poison === "final" ? 1 : policyAttempts;
  if (row.attempts < fewest || row.attempts > policyAttempts) report(subject, `died after ${String(row.attempts)} attempts`);
  const sent = facts.redrives.get(event.id) ?? 0;
  if (row.redrives !== sent) report(subject, `counts ${String(row.redrives)} redrives, and ${String(sent)} are recorded`);
}

/** Whether a redrive that was asked for after the cure was acknowledged with effect. */
function wasRescued(facts: Facts, eventId: string): boolean {
  const cure = facts.invokes.get(`heal/heal-${eventId}`)?.find(({ outcome }) => outcome.type === "ok");
  if (cure === undefined) return false;
  return facts.operations.some(
    ({ request, outcome, number }) =>
      request.do === "redrive" &&
      request.eventId === eventId &&
      number > cure.number &&
      outcome.type === "ok" &&
      "count" in outcome.answer &&
      outcome.answer.count > 0,
  );
}

export const steps: Invariant = {
  name: "steps",
  statement: "a step that was kept never runs again, and each attempt sees its one result; each delivery has one idempotency key of its own",
  check(facts, report) {
    const kept = new Map<string, number>();
    const calls = new Map<number, { readonly key: string; readonly charge: number }>();
    const keyOfEvent = new Map<string, string>();
    const eventOfKey = new Map<string, string>();
    for (const entry of facts.history) {
      if (entry.type === "charge") {
        const { key, event, charge, call, life } = entry;
        if ((keyOfEvent.get(event) ?? key) !== key) report(event, "used two idempotency keys");
        if ((eventOfKey.get(key) ?? event) !== event) report(key, "is the idempotency key of two events");
        keyOfEvent.set(event, key);
        eventOfKey.set(key, event);
        calls.set(call, { key, charge });
        // What the simulated transport delivers once more finds no steps any more: its delivery is done.
        if (kept.has(key) && !facts.duplicating.has(life)) report(event, "called the provider again after its step was kept");
      } else if (entry.type === "kept") {
        const { key, call } = entry;
        if (calls.get(call)?.key !== key) report(key, `has the result of call ${String(call)}, which was not its own`);
        if ((kept.get(key) ?? call) !== call) report(key, `has two results: of call ${String(kept.get(key))} and of call ${String(call)}`);
        kept.set(key, call);
      }
    }
    for (const { id, key, call, charge } of facts.file.tables.charges) {
      if (keyOfEvent.get(id) !== key) report(id, "is charged under another key than the provider saw");
      // The process may have died between keeping the step and telling of it.
      if ((kept.get(key) ?? call) !== call || calls.get(call)?.charge !== charge) report(id, "is charged with another result than its step kept");
    }
  },
};

export const drained: Invariant = {
  name: "drained",
  statement: "once all is done nothing is left open: no delivery ready, running, retrying, parked or scheduled",
  check(facts, report) {
    if (facts.views?.atRest === false) report("engine", "nothing moves any more, and something is left to do");
    const lastTick = facts.byType.get("pulsequeue.schedule.beat")?.at(-1);
    for (const { handler, seq, state } of facts.file.deliveries) {
      if (state !== "dead" && seq !== lastTick?.seq) report(deliveryKey(handler, seq), `is ${state}`);
    }
    const handlers = new Set(facts.file.subscriptions.map(({ handler }) => handler));
    const ends = new Set(facts.file.ends.map(({ handler, seq }) => deliveryKey(handler, seq)));
    for (const handler of handlers) {
      const cursor = cursorOf(facts, handler);
      for (const event of eventsOf(facts, handler)) {
        const name = deliveryKey(handler, event.seq);
        // A tick may come between the end of all work and the end of the process.
        const isOpen = event.seq > cursor && event !== lastTick && !ends.has(name) && !facts.deliveries.has(name);
        if (isOpen) report(name, "lies behind the cursor's end, not handled");
      }
    }
  },
};
