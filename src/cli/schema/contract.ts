/**
 * The contract gate: the app's events and tables against `pulsequeue.contract.json`, which is committed with the app.
 *
 * The promise it guards: whatever the committed contract accepted is still accepted. The journal, the dead letters, the
 * backups and the tables hold such data, and publishers that were not deployed yet send it. So these are breaks:
 *
 * - an event or a table of the contract is gone;
 * - an event's version is lower than in the contract;
 * - an event's schema, at the version of the contract, refuses something that was accepted: a field became required, a type,
 *   a list of values, a bound or a rule became narrower, other fields are refused now. A higher version may do so, since
 *   older data reaches handlers through `upcast`;
 * - an event that had a key has none: order per key is lost for what is published from now on;
 * - an event that is listed in `unhandled` has readers elsewhere, who know the contract: what the new schema accepts must
 *   also be accepted by the contract's schema of that version;
 * - a table's key changed, or its schema refuses rows that are stored;
 * - something that was comparable no longer is, since its library does not tell its JSON Schema.
 *
 * Not breaks: new events, tables, indexes, optional fields, wider types; a field that is no longer read, where other fields
 * are let through. What has no JSON Schema (valibot without its converter, an asynchronous or custom check) is named.
 */
import type { App } from "../../core/app.ts";
import { sameJson, type Json } from "../../core/json.ts";
import { jsonSchemaOf, type Schema } from "../../core/schema.ts";
import { narrowings } from "./narrowings.ts";

export interface EventContract {
  readonly keyed: boolean;
  /** JSON Schema of the data, `null` where the library does not tell it. */
  readonly schema: Json;
}

export interface TableContract {
  readonly key: readonly string[];
  readonly schema: Json;
}

export interface Contract {
  /** Format of this file. */
  readonly contract: 1;
  readonly app: string;
  /** By name, then by version; older versions stay, since their data may be stored. */
  readonly events: Readonly<Record<string, Readonly<Record<string, EventContract>>>>;
  readonly tables: Readonly<Record<string, TableContract>>;
}

/** One thing that the contract promises and the app does not keep. */
export interface Break {
  /** E.g. `event order.placed version 1`. */
  readonly subject: string;
  /** Path into the data; empty for the whole. */
  readonly path: string;
  readonly reason: string;
  readonly fix: string;
}

/** Something that cannot be compared, with the library that does not tell its JSON Schema. */
export interface Unchecked {
  readonly subject: string;
  readonly library: string;
}

/** The contract that `app` offers, with the older versions that `earlier` knows. */
export function contractOf(app: App, earlier: Contract | undefined): Contract {
  const { topology } = app;
  const events = [...topology.events.values()].filter((event) => !event.name.startsWith("pulsequeue."));
  return {
    contract: 1,
    app: app.name,
    events: sorted(
      events.map((event) => {
        const older = Object.entries(earlier?.events[event.name] ?? {}).filter(([version]) => Number(version) < event.version);
        const current: EventContract = { keyed: event.key !== undefined, schema: schemaOf(event.schema) };
        return [event.name, Object.fromEntries([...older, [String(event.version), current]])];
      }),
    ),
    tables: sorted([...topology.tables.values()].map((table) => [table.name, { key: table.keyFields, schema: schemaOf(table.schema) }])),
  };
}

function schemaOf(schema: Schema): Json {
  return jsonSchemaOf(schema) ?? null;
}

function sorted<Value>(entries: readonly (readonly [string, Value])[]): Record<string, Value> {
  return Object.fromEntries([...entries].sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** What `app` offers and nobody can compare. */
export function uncheckedOf(app: App): readonly Unchecked[] {
  const { events, tables } = app.topology;
  const declared = [...[...events.values()].filter((event) => !event.name.startsWith("pulsequeue.")), ...tables.values()];
  return declared
    .filter(({ schema }) => schemaOf(schema) === null)
    .map(({ kind, name, schema }) => ({ subject: `${kind} ${name}`, library: schema["~standard"].vendor }));
}

/** Every break of `committed` in `app`. */
export function breaksOf(app: App, committed: Contract): readonly Break[] {
  const offered = contractOf(app, undefined);
  const outside = new Set([...app.topology.events.keys()].filter((name) => !app.topology.subscribers.has(name)));
  const events = Object.entries(committed.events).flatMap(([name, versions]) => eventBreaks(name, versions, offered.events[name], outside.has(name)));
  const tables = Object.entries(committed.tables).flatMap(([name, contract]) => tableBreaks(name, contract, offered.tables[name]));
  return [...events, ...tables];
}

type Versions = Readonly<Record<string, EventContract>>;

function eventBreaks(name: string, committed: Versions, offered: Versions | undefined, isOutside: boolean): readonly Break[] {
  const highest = Math.max(...Object.keys(committed).map(Number));
  const [current, now] = Object.entries(offered ?? {})[0] ?? [];
  if (current === undefined || now === undefined) {
    return [
      {
        subject: `event ${name}`,
        path: "",
        reason: "it is no longer declared, but it may be stored and published",
        fix: "Declare it again; remove it once nothing publishes it and no stored event is left.",
      },
    ];
  }
  const subject = `event ${name} version ${current}`;
  if (Number(current) < highest)
    return [
      {
        subject,
        path: "",
        reason: `the contract has version ${String(highest)} already`,
        fix: `Raise the version to ${String(highest)} at least: versions never go back.`,
      },
    ];
  const then = committed[current];
  const lastKeyed = committed[String(highest)]?.keyed === true;
  const unkeyed =
    lastKeyed && !now.keyed ? [{ subject, path: "", reason: "it had a key and has none, so its order per key is lost", fix: "Give it its `key` again." }] : [];
  if (then === undefined) return unkeyed;
  const fix = `Undo the change, or raise the event's version to ${String(highest + 1)} and give it an \`upcast\` from version ${current}.`;
  const readers = "Make the data readable with the contract's schema again, or raise the version, so that readers elsewhere can tell the two apart.";
  const outward =
    isOutside && then.schema !== null && now.schema !== null
      ? narrowings(now.schema, then.schema).map(({ path, reason }) => ({
          subject,
          path,
          reason: `for readers of this event elsewhere: ${reason}`,
          fix: readers,
        }))
      : [];
  return [...unkeyed, ...schemaBreaks(subject, then.schema, now.schema, fix), ...outward];
}

function tableBreaks(name: string, committed: TableContract, offered: TableContract | undefined): readonly Break[] {
  const subject = `table ${name}`;
  if (offered === undefined)
    return [{ subject, path: "", reason: "it is no longer declared, but its rows are stored", fix: "Declare it again; remove it once its rows are deleted." }];
  if (!sameJson(committed.key, offered.key)) {
    return [
      {
        subject,
        path: "",
        reason: `its key changed from ${committed.key.join(", ")} to ${offered.key.join(", ")}, so no stored row is found`,
        fix: "Keep the key, and copy the rows into a table of another name.",
      },
    ];
  }
  return schemaBreaks(subject, committed.schema, offered.schema, "Make the change optional or give it a default, so that stored rows are still read.");
}

function schemaBreaks(subject: string, then: Json, now: Json, fix: string): readonly Break[] {
  if (then === null) return [];
  if (now === null)
    return [
      {
        subject,
        path: "",
        reason: "it can no longer be compared: its library does not tell its JSON Schema",
        fix: "Use a schema that converts to JSON Schema.",
      },
    ];
  return narrowings(then, now).map(({ path, reason }) => ({ subject, path, reason, fix }));
}
