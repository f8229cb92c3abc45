/** Invariants that clients, operators and the operating system see. */
import type { Json } from "pulsequeue";
import type { Tables } from "../evidence.ts";
import { codeOf } from "../protocol.ts";
import { deliveryKey, groupBy, type Call, type Facts, type Invariant, type Report } from "./facts.ts";

/** The rows that requests of an endpoint leave, by the id that the client chose. */
const rowsOf: Readonly<Record<string, (tables: Tables) => readonly { readonly id: string; readonly times?: number }[]>> = {
  bump: (tables) => tables.bumps,
  reserve: (tables) => tables.reservations,
  heal: (tables) => tables.remedies,
};

type Invoke = Facts["invokes"] extends ReadonlyMap<string, readonly (infer One)[]> ? One : never;

export const requests: Invariant = {
  name: "requests",
  statement: "the same idempotency key is one effect and one answer; with another body it is refused",
  check(facts, report) {
    const answered = new Set(facts.file.answers);
    for (const [endpoint, rows] of Object.entries(rowsOf)) {
      const left = new Map(rows(facts.file.tables).map((row) => [row.id, row.times ?? 1]));
      for (const [name, calls] of facts.invokes) {
        const [first] = calls;
        if (first?.request.endpoint !== endpoint) continue;
        const id = idOf(first.request.body);
        checkRequest(name, calls, { times: left.get(id) ?? 0, isAnswered: answered.has(name) }, report);
        left.delete(id);
      }
      for (const id of left.keys()) report(`${endpoint} ${id}`, "has an effect and was never asked for");
    }
  },
};

function idOf(body: Json): string {
  const { id, orderId } = body as { readonly id?: string; readonly orderId?: string };
  return id ?? orderId ?? "";
}

function checkRequest(name: string, calls: readonly Invoke[], found: { readonly times: number; readonly isAnswered: boolean }, report: Report): void {
  const accepted = calls.flatMap(({ request, outcome }) =>
    outcome.type === "ok" && "status" in outcome.answer && outcome.answer.status < 400 ? [{ body: JSON.stringify(request.body), answer: outcome.answer }] : [],
  );
  const [first] = accepted;
  const isUnknown = calls.some(({ outcome }) => outcome.type === "unknown");
  if (found.times > 1) report(name, `took effect ${String(found.times)} times`);
  if (first !== undefined && found.times === 0) report(name, "was answered and has no effect");
  if (first === undefined && found.times > 0 && !isUnknown) report(name, "was refused and has an effect");
  if (found.times > 0 !== found.isAnswered) report(name, found.isAnswered ? "has a stored answer and no effect" : "has an effect and no stored answer");
  const fresh = accepted.filter(({ answer }) => !answer.replayed).length;
  if (fresh > 1) report(name, `was carried out ${String(fresh)} times`);
  if (fresh === 0 && first !== undefined && !isUnknown) report(name, "was answered from the past the first time it was asked");
  for (const { body, answer } of accepted) {
    if (JSON.stringify(answer.body) !== JSON.stringify(first?.answer.body)) report(name, "was answered in two ways");
    if (body !== first?.body) report(name, "was accepted with another body");
  }
  for (const { request, outcome } of calls) {
    if (outcome.type === "fail" && outcome.code !== "QUEUE_CLOSED" && outcome.code !== "BACKPRESSURE") report(name, `was refused with ${outcome.code}`);
    const code = outcome.type === "ok" ? codeOf(outcome.answer) : undefined;
    const isOther = first !== undefined && JSON.stringify(request.body) !== first.body;
    const isRight =
      code === undefined ||
      code === "REQUEST_IN_PROGRESS" ||
      (code === "SOLD_OUT" && request.endpoint === "reserve") ||
      (code === "REQUEST_MISMATCH" && isOther);
    if (!isRight) report(name, `was refused with ${code}`);
  }
}

export const operations: Invariant = {
  name: "operations",
  statement: "every operation that took effect is recorded with its reason, as often as it did, and no other",
  check(facts, report) {
    const asked = groupBy<Facts["operations"][number]>(facts.operations, ({ request }) => `${request.do} ${request.reason}`);
    const recorded = groupBy(facts.file.operations, ({ action, reason }) => `${action} ${reason}`);
    for (const [name, calls] of asked) {
      const count = (recorded.get(name) ?? []).reduce((sum, row) => sum + row.count, 0);
      const least = calls.reduce((sum, call) => sum + countOf(call), 0);
      const most = least + calls.filter(({ outcome }) => outcome.type === "unknown").length;
      if (count < least || count > most)
        report(name, `is recorded for ${String(count)}, and took effect for ${least === most ? String(least) : `${String(least)} to ${String(most)}`}`);
      recorded.delete(name);
    }
    for (const name of recorded.keys()) report(name, "is recorded and nobody asked for it");
  },
};

function countOf({ outcome }: Call): number {
  return outcome.type === "ok" && "count" in outcome.answer ? outcome.answer.count : 0;
}

export const views: Invariant = {
  name: "views",
  statement: "what the engine says of itself is what the file holds: verify, dead letters, counts, tables, operations",
  check(facts, report) {
    const { views: told, file } = facts;
    if (told === undefined) {
      report("engine", "gave no account of itself");
      return;
    }
    const same = (subject: string, left: unknown, right: unknown): void => {
      if (JSON.stringify(left) !== JSON.stringify(right)) report(subject, "is told otherwise than it is stored");
    };
    for (const { position, message } of told.verify.problems) report(`verify, position ${String(position)}`, message);
    // A tick may come after the engine has told.
    const ticks = (facts.byType.get("pulsequeue.schedule.beat") ?? []).length;
    if (told.verify.events > file.events.length || told.verify.events < file.events.length - Math.min(ticks, 1))
      report("verify", `saw ${String(told.verify.events)} of ${String(file.events.length)} events`);
    const events = new Map(file.events.map((event) => [event.seq, event]));
    const dead = file.deliveries.filter(({ state }) => state === "dead").sort((left, right) => left.seq - right.seq);
    const stored = dead.flatMap(({ handler, seq, attempts, failure }) => {
      const event = events.get(seq);
      return event === undefined ? [] : [{ eventId: event.id, handler, attempts, code: failure?.code ?? "", data: JSON.parse(event.data) as Json }];
    });
    same("the list of dead letters", told.deadLetters, stored.slice(0, 1_000));
    for (const { name, counts } of told.handlers) {
      if (counts.dead !== dead.filter(({ handler }) => handler === name).length) report(deliveryKey(name, 0), `counts ${String(counts.dead)} dead letters`);
      const open = counts.ready + counts.running + counts.retrying + counts.parked + counts.scheduled;
      if (open > 0 && name !== "beat") report(name, `counts ${String(open)} open deliveries`);
    }
    const last = file.operations.slice(-1_000).reverse();
    same(
      "the list of operations",
      told.operations.map(({ action, subject, reason, detail }) => ({ action, subject, reason, count: detail["count"] })),
      last,
    );
    same("the table counters", told.counters, file.tables.counters);
    same("the table stock", told.stock, file.tables.stock);
    same("the table sequences", told.sequences, file.tables.sequences);
  },
};

export const processes: Invariant = {
  name: "processes",
  statement: "a process ends only when it is told to; one that closes leaves nothing running and exits with 0; a second one is refused",
  check(facts, report) {
    for (const entry of facts.history) {
      if (entry.type === "rival" && entry.code !== "STORE_LOCKED") report(`second process in life ${String(entry.life)}`, `met ${entry.code}`);
      if (entry.type !== "end") continue;
      const life = `life ${String(entry.life)}`;
      if (entry.by === "nothing") report(life, `ended by itself with ${String(entry.code)}: ${entry.message}`);
      if (entry.by === "SIGTERM" && entry.code !== 0) report(life, `was closed and exited with ${String(entry.code)}: ${entry.message}`);
      if (entry.left !== undefined && entry.left.running > 0) report(life, `was closed and left ${String(entry.left.running)} deliveries running`);
      if (entry.left !== undefined && entry.left.walBytes > 0) report(life, `was closed and left ${String(entry.left.walBytes)} bytes in the write-ahead log`);
    }
  },
};
