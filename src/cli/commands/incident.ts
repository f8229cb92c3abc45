import { Command } from "commander";
import type { LedgerEntry } from "../../core/ledger.ts";
import type { IncidentFilter, IncidentScope } from "../../core/queue.ts";
import { group, runsOnQueue, type QueueCall, type Session } from "../call.ts";
import type { Control } from "../control/control.ts";
import { usageError } from "../exit.ts";
import { plural, printable } from "../output/text.ts";
import { parseTime, when } from "../output/time.ts";
import { actOf, addAct, type ActOptions } from "./options.ts";

export function addIncident(program: Command, session: Session): void {
  const incident = group("incident", "find out how far an incident reached, and stop it");
  const addBeginning = (command: Command): Command =>
    command
      .option("--key <id>", "began with what this API key published")
      .option("--principal <id>", "began with what this principal published, e.g. webhook:payments")
      .option("--event <id>", "began with this event")
      .option("--since <time>", "only what began at or after: a date, or how long ago (2h)");
  const scope = addBeginning(
    new Command("scope").description("events, effects and keys that an incident reached: where it began, and everything that followed from it"),
  );
  const timeline = addBeginning(
    new Command("timeline").description("what happened, in its order: the events that an incident reached, and everything in the ledger since its first one"),
  );
  const contain = addAct(new Command("contain").description("pause handlers and revoke API keys in one step, all of it or nothing"))
    .option("--handler <names...>", "handlers to pause")
    .option("--key <ids...>", "API keys to revoke");
  runsOnQueue<ScopeOptions>(scope, session, showScope);
  runsOnQueue<ScopeOptions>(timeline, session, showTimeline);
  runsOnQueue<ContainOptions>(contain, session, containAll);
  program.addCommand(incident.addCommand(scope).addCommand(contain).addCommand(timeline));
}

interface ScopeOptions {
  readonly key?: string;
  readonly principal?: string;
  readonly event?: string;
  readonly since?: string;
}

function filterOf(call: QueueCall<ScopeOptions>, now: number): IncidentFilter {
  const { key, principal, event, since } = call.options;
  if (key !== undefined && principal !== undefined) throw usageError("A key is a principal", "Give --key or --principal.");
  const who = key === undefined ? principal : `key:${key}`;
  const filter: IncidentFilter = {
    ...(who === undefined ? {} : { principal: who }),
    ...(event === undefined ? {} : { event }),
    ...(since === undefined ? {} : { since: parseTime("--since", since, now) }),
  };
  if (Object.keys(filter).length === 0) throw usageError("Where did it begin?", "Add --key, --principal, --event or --since.");
  return filter;
}

async function showScope(call: QueueCall<ScopeOptions>): Promise<undefined> {
  const now = call.io.now();
  const filter = filterOf(call, now);
  const scope = await call.queue((control) => control.incident(filter));
  call.print.result(scope, () => describe(scope, now));
}

function describe({ events, effects, handlers, keys, tenants, subjects, actions }: IncidentScope, now: number): string {
  const list = (title: string, items: readonly string[]): readonly string[] =>
    items.length === 0 ? [] : [title, ...items.map((item) => `  ${printable(item)}`)];
  return [
    `${plural(events.length, "event")}, ${plural(effects.length, "row")} written, ${plural(actions.length, "record")} in the ledger`,
    ...list(
      "events",
      events.map(({ type, id, time }) => `${type} ${id}, ${when(time, now)}`),
    ),
    ...list("rows", effects),
    ...list("handlers", handlers),
    ...list("keys", keys),
    ...list("tenants", tenants),
    ...list("persons", subjects),
    ...list(
      "ledger",
      actions.map(({ sequence, by, action, subject, result }) => `${String(sequence)}: ${by} ${action} ${subject} (${result})`),
    ),
  ].join("\n");
}

/** One line of the story, for the report after an incident: nothing of an event's data is in it. */
interface Moment {
  readonly time: string;
  readonly kind: "event" | "ledger";
  readonly what: string;
  readonly by: string | undefined;
  readonly reason: string | undefined;
}

async function showTimeline(call: QueueCall<ScopeOptions>): Promise<undefined> {
  const filter = filterOf(call, call.io.now());
  const moments = await call.queue(async (control) => {
    const { events } = await control.incident(filter);
    const from = events[0] === undefined ? filter.since : Date.parse(events[0].time);
    const entries = from === undefined ? [] : await ledgerSince(control, from);
    const story = [
      ...events.map(({ time, type, id }): Moment => ({ time, kind: "event", what: `${type} ${id}`, by: undefined, reason: undefined })),
      ...entries.map(({ time, by, action, subject, result, reason }): Moment => ({
        time,
        kind: "ledger",
        what: `${action} ${subject} (${result})`,
        by,
        reason,
      })),
    ];
    return story.sort((left, right) => (left.time < right.time ? -1 : left.time > right.time ? 1 : 0));
  });
  call.print.result(moments, () =>
    moments.length === 0
      ? "nothing happened"
      : moments
          .map(({ time, what, by, reason }) => printable(`${time}  ${by === undefined ? "" : `${by}: `}${what}${reason === undefined ? "" : `, ${reason}`}`))
          .join("\n"),
  );
}

/** Entries read at once. */
const page = 1_000;

async function ledgerSince(control: Control, from: number): Promise<readonly LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  for (let after = 0; ;) {
    const found = await control.ledger({ from, after, limit: page });
    entries.push(...found);
    if (found.length < page) return entries;
    after = found.at(-1)?.sequence ?? after;
  }
}

interface ContainOptions extends ActOptions {
  readonly handler?: readonly string[];
  readonly key?: readonly string[];
}

async function containAll(call: QueueCall<ContainOptions>): Promise<undefined> {
  const { handler: handlers = [], key: keys = [] } = call.options;
  if (handlers.length + keys.length === 0) throw usageError("Contain it by what?", "Add --handler and --key with their names.");
  const options = actOf(call);
  const result = await call.queue((control) => control.contain({ handlers, keys, ...options }));
  const { paused, revoked, dryRun } = result;
  const list = (names: readonly string[]): string => (names.length === 0 ? "nothing" : names.join(", "));
  call.print.result(result, () => `${dryRun ? "would have " : ""}paused: ${list(paused)}; revoked: ${list(revoked)}`);
}
