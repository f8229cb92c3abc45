/**
 * The context that one call of a handler, endpoint or schedule works with. It enforces the declaration at run time: what is
 * not declared is refused with `ACCESS_UNDECLARED`, even where types were cast away. Once closed it refuses everything, so
 * that a handler which goes on after its time cannot touch anything.
 */
import type { Context, EmitOptions, Log, StepFunction } from "./context.ts";
import { eventIdentity, type EventRecord } from "./envelope.ts";
import { PulseQueueError } from "./errors.ts";
import type { AnyEvent } from "./event.ts";
import type { GrantSet } from "./grants.ts";
import { decodeJson, encodeJson, type Json } from "./json.ts";
import { limits } from "./limits.ts";
import { checkIdentifier } from "./names.ts";
import { newEvent, type NewEventOptions } from "./new-event.ts";
import { personalValues, scrub, scrubDeep } from "./personal-data.ts";
import type { System } from "./ports.ts";
import { rowQuery, type AnyQuery } from "./row-query.ts";
import { parseWith } from "./schema.ts";
import type { SecretDefinition } from "./secret.ts";
import { decodeStep, encodeStep, type StepMemory } from "./steps.ts";
import { givenKey, indexEntries, rowKey, type AnyTable } from "./table.ts";
import { tablesOf, undeclared, type RowAccess } from "./table-access.ts";
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
  /** What the events of a call without an event have in common. */
  readonly origin?: Pick<NewEventOptions, "tenant" | "correlationId" | "traceparent" | "principal">;
  /** What makes `idempotencyKey` different from that of any other call, where there is no event. */
  readonly identity: string;
  readonly steps: StepMemory;
}

/** A shorter secret is a word that may stand anywhere by chance. */
const leastSecret = 4;

export class Scope implements Context, RowAccess {
  readonly #shared: ScopeShared;
  readonly #call: ScopeCall;
  #closed = false;
  #tables: Context["tables"] | undefined;
  #abort: AbortController | undefined;
  #steps: ReadonlyMap<string, string> | undefined;
  #stepsSeen: Set<string> | undefined;
  /** Rows written last to tables that declare an invariant. */
  #ruled: Map<string, { readonly table: AnyTable; readonly output: unknown }> | undefined;

  /** Gives what must not be told: personal data and secrets that this call has seen. */
  #sources: (() => readonly string[])[] | undefined;

  constructor(shared: ScopeShared, call: ScopeCall) {
    this.#shared = shared;
    this.#call = call;
  }

  /** Ends the context; with `reason`, `signal` aborts. */
  close(reason?: PulseQueueError): void {
    this.#closed = true;
    if (reason !== undefined) this.#abort?.abort(reason);
  }

  /** Keeps `values` out of the log and of failures. They are asked for only when something is told. */
  hide(values: () => readonly string[]): void {
    (this.#sources ??= []).push(values);
  }

  get hidden(): readonly string[] {
    return this.#sources?.flatMap((source) => source()) ?? [];
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
        const { hidden } = this;
        system.observe({
          type: "log",
          level,
          message: scrub(message, hidden),
          fields: {
            ...(hidden.length === 0 ? fields : (scrubDeep(fields, hidden) as typeof fields)),
            handler: owner,
            eventId: event?.id,
            correlationId: event === undefined ? this.#call.origin?.correlationId : (event.correlationId ?? event.id),
          },
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
    const emitted = newEvent(system, event, data, { ...options, ...this.#call.origin, source: emitterSource(app, owner) }, this.#call.event);
    work.emit(emitted);
    if (event.pii.length > 0) this.hide(() => personalValues(decodeJson(emitted.data), event.pii));
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
    const identity = event === undefined ? this.#call.identity : eventIdentity(event);
    return `pq_${system.hash([app, owner, identity, name].join("\u0000")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
  }

  secret(secret: SecretDefinition): string {
    this.assertOpen();
    const { grants, system, owner } = this.#shared;
    if (!grants.secrets.includes(secret)) throw undeclared(owner, "secrets", "secret", secret);
    const value = system.secret(secret.name);
    if (value === undefined) throw new PulseQueueError("SECRET_MISSING", `Secret ${secret.name} has no value`);
    this.hide(() => (value.length < leastSecret ? [] : [value]));
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
    this.#hideRows(table, body);
    return body === undefined ? undefined : parseRow(table, body);
  }

  async queryRows(table: AnyTable, query: AnyQuery): Promise<readonly unknown[]> {
    this.assertOpen();
    const bodies = await this.#shared.work.query(table.name, rowQuery(table, query));
    this.assertOpen();
    this.#assertSize();
    this.#hideRows(table, ...bodies);
    return bodies.map((body) => parseRow(table, body));
  }

  putRow(table: AnyTable, row: unknown): void {
    this.assertOpen();
    const what = `A row of table ${table.name}`;
    const body = encodeJson(row, what, limits.rowBytes);
    const output = parseWith(table.schema, row, "ROW_INVALID", what, table.pii);
    // Keys and indexes are of the output, since that is what handlers see and ask by.
    const fields = output as Readonly<Record<string, unknown>>;
    const key = rowKey(table, fields);
    const subject = table.subject === undefined ? undefined : checkIdentifier("subject", table.subject(output as never));
    this.#shared.work.write({ table: table.name, key, body, indexes: indexEntries(table, fields), ...(subject === undefined ? {} : { subject }) });
    this.#hideRows(table, body);
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

  #hideRows({ pii }: AnyTable, ...bodies: readonly (string | undefined)[]): void {
    if (pii.length > 0) this.hide(() => bodies.flatMap((body) => (body === undefined ? [] : personalValues(decodeJson(body), pii))));
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
  return parseWith(table.schema, decodeJson(body), "ROW_INVALID", `A stored row of table ${table.name}`, table.pii);
}

function closed(): PulseQueueError {
  return new PulseQueueError("CONTEXT_CLOSED", "This context has ended: the handler returned or ran out of time, or the engine stopped");
}
