/** What all fake services have in common: commands by name, fields that must be known, one record per request, one turn of the clock per answer. */
import type { VirtualClock } from "../../clock.ts";
import { ConnectionError, UnsupportedByFake, type AwsError } from "./errors.ts";

export type AccessContext = Readonly<Record<string, string | readonly string[]>>;

/** What a request did to a resource, in the words of an IAM policy. */
export interface Access {
  /** E.g. `dynamodb:PutItem`. A transaction has no action of its own: it needs those of its items. */
  readonly action: string;
  readonly resource: string;
  /** Condition keys that policies bind it with, e.g. the partition key of an item as `dynamodb:LeadingKeys`. */
  readonly context?: AccessContext;
}

/** One request to a service. */
export interface Call {
  /** Name of the function that sent it; `""`: sent from outside. */
  readonly function: string;
  /** E.g. `dynamodb:TransactWriteItems`. */
  readonly operation: string;
  readonly accesses: readonly Access[];
  /** Items, messages or entries in it or in its answer, and their bytes. */
  readonly items: number;
  readonly bytes: number;
  /** Name of the error that it ended with. */
  readonly error?: string;
}

/** Where an operation says what it did. */
export interface Note {
  readonly caller: Caller;
  access(action: string, resource: string, context?: AccessContext): void;
  count(items: number, bytes: number): void;
  /** The code with which the next entry of the batch fails by itself; `undefined`: it does not. */
  entryFault(): string | undefined;
}

/** Who sends: a process with a life, whose requests are not answered after its death. */
export interface Caller {
  /** Name of its function; `""`: none. */
  readonly function: string;
  /** Whether it hears of what it asks for. */
  isAlive(): boolean;
  /** Ends its process, at once. */
  kill(): void;
}

/** Who is no function, and never dies. */
export const outsider: Caller = { function: "", isAlive: () => true, kill: () => undefined };

/** Decides what goes wrong with one request. */
export interface RequestFaults {
  /** Milliseconds that it is on its way. */
  latency(operation: string, caller: Caller): number;
  /** Thrown instead of an answer, before anything was done; `kill`: its caller dies, and the request with it. */
  before(operation: string, caller: Caller, input: object): Error | "kill" | undefined;
  /** Thrown instead of an answer, after all was done; `kill`: its caller dies. */
  after(operation: string, caller: Caller): Error | "kill" | undefined;
  /** The code with which one entry of a batch fails by itself. */
  entry(operation: string): string | undefined;
}

export const noRequestFaults: RequestFaults = { latency: () => 0, before: () => undefined, after: () => undefined, entry: () => undefined };

/** One operation, its input's type forgotten. */
export interface Operation {
  readonly fields: ReadonlySet<string>;
  readonly run: (input: object, note: Note) => unknown;
}

/**
 * An operation that knows these fields of its input: another one is refused by the fake, since it would be ignored.
 * `fields` holds what `run` heeds, or may pass over because it changes nothing here.
 */
export function operation<Input extends object, Output>(
  fields: readonly (keyof Input & string)[],
  run: (input: Input, note: Note) => Omit<Output, "$metadata"> | Promise<Omit<Output, "$metadata">>,
): Operation {
  return { fields: new Set(fields), run: (input, note) => run(input as Input, note) };
}

export interface Service {
  /** Its prefix in IAM actions, e.g. `dynamodb`. */
  readonly name: string;
  /** By command, e.g. `PutItem`. */
  readonly operations: Readonly<Record<string, Operation>>;
}

/** What sends SDK commands: the part of every SDK client that code needs. */
export interface FakeClient {
  send(command: { readonly input: object }, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>;
}

export interface ServiceHost {
  readonly clock: VirtualClock;
  readonly faults: RequestFaults;
  readonly record: (call: Call) => void;
}

/** A promise of what a dead process waits for. */
export function never<Result>(): Promise<Result> {
  return new Promise(() => undefined);
}

/**
 * A client of `service` for `caller`. Answers come in a turn of the clock of their own, in the order that the clock draws. What was
 * sent before its caller's death still arrives; nobody hears the answer.
 */
export function clientOf(service: Service, caller: Caller, host: ServiceHost): FakeClient {
  const { clock, faults } = host;
  return {
    send: (command, options) => {
      const name = command.constructor.name.replace(/Command$/, "");
      const found = service.operations[name];
      if (found === undefined) return Promise.reject(new UnsupportedByFake(`the command ${name} of ${service.name}`));
      if (!caller.isAlive()) return never();
      const full = `${service.name}:${name}`;
      return new Promise((resolve, reject) => {
        const arrive = (): void => {
          if (options?.abortSignal?.aborted === true) reject(new ConnectionError("AbortError", "Request aborted"));
          else serve(host, caller, full, found, command.input).then(whileAlive(caller, resolve), whileAlive(caller, reject));
        };
        const latency = faults.latency(full, caller);
        if (latency === 0) clock.soon(arrive);
        else clock.timer(latency, arrive);
      });
    },
  };
}

async function serve({ faults, record }: ServiceHost, caller: Caller, full: string, { fields, run }: Operation, input: object): Promise<unknown> {
  const accesses: Access[] = [];
  let items = 0;
  let bytes = 0;
  const note: Note = {
    caller,
    access: (action, resource, context) => {
      const same = (known: Access): boolean =>
        known.action === action && known.resource === resource && JSON.stringify(known.context) === JSON.stringify(context);
      if (!accesses.some(same)) accesses.push({ action, resource, ...(context === undefined ? {} : { context }) });
    },
    count: (more, size) => {
      items += more;
      bytes += size;
    },
    entryFault: () => faults.entry(full),
  };
  const told = (fault: Error | "kill" | undefined): Promise<never> | undefined => {
    if (fault === undefined) return undefined;
    if (fault !== "kill") throw fault;
    caller.kill();
    return never();
  };
  let error: unknown;
  try {
    const unknown = Object.entries(input).find(([field, value]) => value !== undefined && !fields.has(field));
    if (unknown !== undefined) throw new UnsupportedByFake(`the field ${unknown[0]} of ${full}`);
    const lost = told(faults.before(full, caller, input));
    if (lost !== undefined) return await lost;
    const output = (await run(input, note)) as object;
    const unheard = told(faults.after(full, caller));
    if (unheard !== undefined) return await unheard;
    return { ...output, $metadata: { httpStatusCode: 200, requestId: "00000000-0000-4000-8000-000000000000", attempts: 1, totalRetryDelay: 0 } };
  } catch (thrown) {
    error = thrown;
    throw thrown;
  } finally {
    const failure = error === undefined ? {} : { error: (error as AwsError).name };
    record({ function: caller.function, operation: full, accesses, items, bytes, ...failure });
  }
}

function whileAlive<Value>(caller: Caller, settle: (value: Value) => void): (value: Value) => void {
  return (value) => {
    if (caller.isAlive()) settle(value);
  };
}
