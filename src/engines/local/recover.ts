/** What is put right when a file is opened: names, handlers, and deliveries that were running when the process ended. */
import { transition, type DeliveryStatus, type Failure } from "../../core/delivery.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { System } from "../../core/ports.ts";
import type { Topology } from "../../core/topology.ts";
import { parseLink, type Journal } from "./journal.ts";
import { rebuildIndexes } from "./rows.ts";
import { stored } from "./statements/deliveries.ts";
import type { HandlerRow } from "./statements/handlers.ts";
import type { Statements } from "./statements/index.ts";

export interface Recovered {
  /** How often the file was opened: the fence of this process. */
  readonly epoch: number;
  /** Whether the last process ended without closing the file. */
  readonly afterCrash: boolean;
  /** Rows of the app's handlers by name. */
  readonly handlers: ReadonlyMap<string, HandlerRow>;
}

/** Runs inside one transaction. Throws `STORE_FOREIGN` for the file of another app, `STORE_CORRUPT`. */
export function recover(statements: Statements, journal: Journal, topology: Topology, system: System): Recovered {
  const { meta } = statements;
  const owner = meta.get("app");
  if (owner !== undefined && owner !== topology.app)
    throw new PulseQueueError("STORE_FOREIGN", `The file belongs to the app ${String(owner)}, not to ${topology.app}`);
  meta.set("app", topology.app);
  const epoch = Number(meta.get("epoch") ?? 0) + 1;
  meta.set("epoch", epoch);
  const afterCrash = meta.get("open") === 1;
  meta.set("open", 1);
  checkEnd(statements, journal, afterCrash);
  for (const table of topology.tables.values()) rebuildIndexes(meta, statements.records, table, journal.tableId(table.name), system.vault);
  const handlers = registerHandlers(statements, journal, topology);
  endCrashed(statements, topology, handlers, system);
  return { epoch, afterCrash, handlers };
}

/**
 * Whether the journal still reaches as far as it once did. Events that were cut off at its end leave a chain that is sound in
 * itself, and new ones would take their positions, which handlers have passed. Throws `STORE_CORRUPT`.
 */
function checkEnd({ meta, handlers, journal: events }: Statements, journal: Journal, afterCrash: boolean): void {
  const last = events.bySequence(journal.head);
  if (last !== undefined) journal.read(last); // the next event is chained to it
  const sealed = meta.get("seal");
  if (sealed !== undefined) {
    const { seq, hash } = parseLink(String(sealed));
    const row = seq === journal.head ? undefined : events.bySequence(seq);
    const isKept = seq === journal.head ? sealed === journal.seal : afterCrash && seq < journal.head && (row === undefined || row[15] === hash);
    if (!isKept)
      throw new PulseQueueError(
        "STORE_CORRUPT",
        `The journal is not what it was: it was closed at position ${String(seq)}, and ends at ${String(journal.head)}`,
      );
  }
  for (const [, name, cursor] of handlers.all()) {
    if (cursor > journal.head)
      throw new PulseQueueError("STORE_CORRUPT", `${name} is done up to position ${String(cursor)}, but the journal ends at ${String(journal.head)}`);
  }
}

/** A new handler starts with the events that come after it; a new subscription likewise. */
function registerHandlers(statements: Statements, journal: Journal, topology: Topology): ReadonlyMap<string, HandlerRow> {
  const known = new Set(statements.handlers.all().map(([, name]) => name));
  for (const name of topology.handlers.keys()) if (!known.has(name)) statements.handlers.insert(name, journal.head);
  const rows = new Map(statements.handlers.all().map((row) => [row[1], row]));
  for (const handler of topology.handlers.values()) {
    const id = rows.get(handler.name)?.[0] ?? 0;
    for (const event of handler.on) statements.handlers.subscribe(id, journal.typeId(event.name), journal.head);
  }
  return rows;
}

/** Deliveries that were claimed durably and did not end: their attempt counts, since they may be what ended the process. */
function endCrashed(statements: Statements, topology: Topology, handlers: ReadonlyMap<string, HandlerRow>, system: System): void {
  const names = new Map([...handlers.values()].map(([id, name]) => [id, name]));
  const now = system.clock.now();
  for (const [id, handlerId, , , , attempts] of statements.deliveries.running()) {
    const handler = topology.handlers.get(names.get(handlerId) ?? "");
    if (handler === undefined) continue;
    const failure: Failure = { code: "HANDLER_CRASHED", message: "The process ended while this delivery ran", at: now };
    const running: DeliveryStatus = { state: "running", attempts, dueAt: undefined, failure: undefined };
    const { status } = transition(running, { type: "crashed", failure }, handler.retry, now, system.random);
    const state = status.state === "dead" ? stored.dead : stored.retrying;
    statements.deliveries.update(id, state, status.attempts, status.dueAt ?? 0, JSON.stringify(failure));
  }
}
