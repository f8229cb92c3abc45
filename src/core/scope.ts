/**
 * The context that one call of a handler, endpoint or schedule works with. It enforces the declaration at run time: what is
 * not declared is refused with `ACCESS_UNDECLARED`, even where types were cast away. Once closed it refuses everything, so
 * that a handler which goes on after its time cannot touch anything.
 */
import type { Context, EmitOptions, Log, ReadableTable, StepFunction, WritableTable } from "./context.ts";
import type { EventRecord } from "./envelope.ts";
import { PulseQueueError } from "./errors.ts";
import type { AnyEvent } from "./event.ts";
import type { GrantSet } from "./grants.ts";
import { decodeJson, encodeJson, type Json } from "./json.ts";
import { limits } from "./limits.ts";
import { newEvent } from "./new-event.ts";
import type { System } from "./ports.ts";
import { rowQuery, type AnyQuery } from "./row-query.ts";
import { parseWith } from "./schema.ts";
import type { SecretDefinition } from "./secret.ts";
import { decodeStep, encodeStep, type StepMemory } from "./steps.ts";
import { givenKey, indexEntries, rowKey, type AnyTable } from "./table.ts";
import type { UnitOfWork } from "./unit-of-work.ts";

/** What the calls of one batch have in common. */
export interface ScopeShared {
  readonly system: System;
  readonly app: string;
  /** Name of the handler, endpoint or schedule. */
  readonly owner: string;
  readonly grants: GrantSet;
  readonly work: UnitOfWork;
}

/** What one call has for itself. */
export interface ScopeCall {
  readonly attempt: number;
  /** The event under way; none in an endpoint. */
  readonly event: EventRecord | undefined;
  /** What makes `idempotencyKey` different from that of any other call, where there is no event. */
  readonly identity: string;
  readonly steps: StepMemory;
}

export class Scope implements Context {
  readonly #shared: ScopeShared;
  readonly #call: ScopeCall;
  #closed = false;
  #tables: Context["tables"] | undefined;
  #abort: AbortController | undefined;
  #steps: ReadonlyMap<string, string> | undefined;
  #stepsSeen: Set<string> | undefined;
  /** Rows written last to tables that declare an invariant. */
  #ruled: Map<string, { readonly table: AnyTable; readonly output: unknown }> | undefined;

  constructor(shared: ScopeShared, call: ScopeCall) {
    this.#shared = shared;
    this.#call = call;
  }

  /** Ends the context; with `reason`, `signal` aborts. */
  close(reason?: PulseQueueError): void {
    this.#closed = true;
    if (reason !== undefined) this.#abort?.abort(reason);
  }

  /** Throws `INVARIANT_VIOLATED` unless every row that this call leaves behind keeps its table's invariant. */
  checkInvariants(): void {
    if (this.#ruled === undefined) return;
    for (const { table, output } of this.#ruled.values()) {
      if (table.invariant?.(output as never) === false) {
        throw new PulseQueueError("INVARIANT_VIOLATED", `The invariant of table ${table.name} does not hold for a row that ${this.#shared.owner} writes`);
      }
    }
  }

  get tables(): Context["tables"] {
    this.#tables ??= tablesOf(this, this.#shared);
    return this.#tables;
  }

  get attempt(): number {
    return this.#call.attempt;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#closed) this.#abort.abort();
    return this.#abort.signal;
  }

  get log(): Log {
    const { system, owner } = this.#shared;
    const { event } = this.#call;
    const at =
      (level: "debug" | "info" | "warn" | "error") =>
      (message: string, fields: Readonly<Record<string, Json>> = {}) => {
        system.observe({
          type: "log",
          level,
          message,
          fields: { ...fields, handler: owner, eventId: event?.id, correlationId: event?.correlationId ?? event?.id },
        });
      };
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  now(): number {
    return this.#shared.system.clock.now();
  }

  random(): number {
    return this.#shared.system.random();
  }

  emit(event: AnyEvent, data: unknown, options: EmitOptions = {}): void {
    this.assertOpen();
    const { grants, system, app, work, owner } = this.#shared;
    if (!grants.emits.includes(event)) throw undeclared(owner, "emits", "event", event);
    work.emit(newEvent(system, event, data, { ...options, source: emitterSource(app, owner) }, this.#call.event));
    this.#assertSize();
  }

  async step<Result>(name: string, fn: StepFunction<Result>): Promise<Result> {
    this.assertOpen();
    this.#stepsSeen ??= new Set();
    if (name === "" || name.length > limits.nameLength || this.#stepsSeen.has(name)) {
      throw new PulseQueueError(
        "STEP_INVALID",
        `Step "${name.slice(0, 140)}" of ${this.#shared.owner}: the name is empty, too long or used twice in this attempt`,
      );
    }
    this.#stepsSeen.add(name);
    this.#steps ??= await this.#call.steps.load();
    const known = this.#steps.get(name);
    if (known !== undefined) return decodeStep(known) as Result;
    this.assertOpen();
    const result = await fn();
    const text = encodeStep(name, result);
    this.assertOpen();
    if (!(await this.#call.steps.save(name, text))) throw closed();
    return result;
  }

  idempotencyKey(name: string): string {
    const { system, app, owner } = this.#shared;
    const { event } = this.#call;
    const identity = event === undefined ? this.#call.identity : `${event.source}\u0000${event.id}`;
    return `pq_${system.hash([app, owner, identity, name].join("\u0000")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
  }

  secret(secret: SecretDefinition): string {
    this.assertOpen();
    const { grants, system, owner } = this.#shared;
    if (!grants.secrets.includes(secret)) throw undeclared(owner, "secrets", "secret", secret);
    const value = system.secret(secret.name);
    if (value === undefined) throw new PulseQueueError("SECRET_MISSING", `Secret ${secret.name} has no value`);
    return value;
  }

  assertOpen(): void {
    if (this.#closed) throw closed();
  }

  async getRow(table: AnyTable, key: unknown): Promise<unknown> {
    this.assertOpen();
    const body = await this.#shared.work.read(table.name, givenKey(table, key));
    this.assertOpen();
    this.#assertSize();
    return body === undefined ? undefined : parseRow(table, body);
  }

  async queryRows(table: AnyTable, query: AnyQuery): Promise<readonly unknown[]> {
    this.assertOpen();
    const bodies = await this.#shared.work.query(table.name, rowQuery(table, query));
    this.assertOpen();
    this.#assertSize();
    return bodies.map((body) => parseRow(table, body));
  }

  putRow(table: AnyTable, row: unknown): void {
    this.assertOpen();
    const what = `A row of table ${table.name}`;
    const body = encodeJson(row, what, limits.rowBytes);
    const output = parseWith(table.schema, row, "ROW_INVALID", what);
    // Keys and indexes are of the output, since that is what handlers see and ask by.
    const fields = output as Readonly<Record<string, unknown>>;
    const key = rowKey(table, fields);
    this.#shared.work.write({ table: table.name, key, body, indexes: indexEntries(table, fields) });
    if (table.invariant !== undefined) (this.#ruled ??= new Map()).set(`${table.name}/${key}`, { table, output });
    this.#assertSize();
  }

  deleteRow(table: AnyTable, key: unknown): void {
    this.assertOpen();
    const encoded = givenKey(table, key);
    this.#shared.work.write({ table: table.name, key: encoded, body: undefined, indexes: new Map() });
    this.#ruled?.delete(`${table.name}/${encoded}`);
    this.#assertSize();
  }

  refuse(grant: "reads" | "writes", table: { readonly kind: string; readonly name: string }): never {
    throw undeclared(this.#shared.owner, grant, "table", table);
  }

  /** The batch is cut before it grows over the limit; so if this is exceeded, one delivery alone is too large. */
  #assertSize(): void {
    const { work, owner } = this.#shared;
    if (work.sizeSinceKeep > limits.itemsPerCommit) {
      throw new PulseQueueError("COMMIT_TOO_LARGE", `${owner} touches more than ${String(limits.itemsPerCommit)} rows and events in one commit`);
    }
  }
}

/** The source of what a handler, endpoint or schedule emits. */
export function emitterSource(app: string, owner: string): string {
  return `${app}/${owner}`;
}

export function parseRow(table: AnyTable, body: string): unknown {
  return parseWith(table.schema, decodeJson(body), "ROW_INVALID", `A stored row of table ${table.name}`);
}

class TableAccess implements ReadableTable<AnyTable> {
  protected readonly scope: Scope;
  protected readonly table: AnyTable;

  constructor(scope: Scope, table: AnyTable) {
    this.scope = scope;
    this.table = table;
  }

  get(key: unknown): Promise<unknown> {
    return this.scope.getRow(this.table, key);
  }

  query(query: AnyQuery): Promise<readonly unknown[]> {
    return this.scope.queryRows(this.table, query);
  }

  // The type of a read-only table has neither: these answer code whose types were cast away.
  put(_row: unknown): void {
    this.scope.refuse("writes", this.table);
  }

  delete(_key: unknown): void {
    this.scope.refuse("writes", this.table);
  }
}

class WritableTableAccess extends TableAccess implements WritableTable<AnyTable> {
  override put(row: unknown): void {
    this.scope.putRow(this.table, row);
  }

  override delete(key: unknown): void {
    this.scope.deleteRow(this.table, key);
  }
}

/** Prototypes of `ctx.tables`, made once for each batch. */
const prototypes = new WeakMap<ScopeShared, object>();

function tablesOf(scope: Scope, shared: ScopeShared): Context["tables"] {
  const { grants, owner } = shared;
  let prototype = prototypes.get(shared);
  if (prototype === undefined) {
    prototype = undeclaredTables(owner);
    prototypes.set(shared, prototype);
  }
  const tables = Object.create(prototype) as Record<string, TableAccess>;
  for (const table of grants.reads) tables[table.name] = new TableAccess(scope, table);
  for (const table of grants.writes) tables[table.name] = new WritableTableAccess(scope, table);
  return tables;
}

/** Prototype of `ctx.tables`: reached only by a name that is not declared. */
function undeclaredTables(owner: string): object {
  return new Proxy(Object.create(null) as object, {
    get(_target, name) {
      if (typeof name === "symbol" || name === "then" || name === "toJSON" || name === "constructor") return undefined;
      throw undeclared(owner, "reads", "table", { name });
    },
  });
}

function undeclared(owner: string, grant: string, kind: string, thing: { readonly name?: unknown } | undefined): PulseQueueError {
  return new PulseQueueError("ACCESS_UNDECLARED", `${owner} does not declare the ${kind} ${String(thing?.name)} in \`${grant}\``);
}

function closed(): PulseQueueError {
  return new PulseQueueError("CONTEXT_CLOSED", "This context has ended: the handler returned or ran out of time, or the engine stopped");
}
