/**
 * What the commands ask of a queue, by names instead of declarations, so that it crosses the control channel: every method
 * takes one value of JSON and answers with one. It is implemented on a queue that is open in this process (`control/queue.ts`),
 * of a file (`control/local.ts`) or of a deployment (`control/deployed.ts`), and on the channel of a running engine
 * (`control/client.ts`). Personal data that the app declares is redacted in every answer, before it leaves the process that asked
 * the store.
 */
import type { ContainResult, ContainTargets, IncidentFilter, IncidentScope } from "../../core/queue.ts";
import type { Json } from "../../core/json.ts";
import type { IssuedKey, KeyView, NewKey, RotateOptions } from "../../core/keys.ts";
import type { LedgerEntry, LedgerFilter, LedgerHead, LedgerReport } from "../../core/ledger.ts";
import type { OperationOptions, OperationResult } from "../../core/operation.ts";
import type { Receipt } from "../../core/ports.ts";
import type {
  DeadLetterFilter,
  DeadLetterQuery,
  DeadLetterView,
  DeliveryFilter,
  DeliveryView,
  EventChoice,
  EventFilter,
  EventView,
  HandlerView,
  TraceNode,
} from "../../core/queue.ts";
import type { VerifyReport } from "../../engines/local/index.ts";
import type { Facts } from "./facts.ts";

export interface PublishRequest {
  readonly event: string;
  readonly data: Json;
  readonly id?: string;
  readonly source?: string;
  readonly key?: string;
  /** Milliseconds. */
  readonly delay?: number;
  readonly correlationId?: string;
  /** Only checks what would be stored. */
  readonly dryRun: boolean;
}

export interface DeadLetterRequest extends OperationOptions {
  readonly filter: DeadLetterFilter;
}

export interface CreateKeyRequest extends OperationOptions {
  readonly key: NewKey;
}

export interface KeyRequest {
  readonly id: string;
}

export interface HandlerRequest extends OperationOptions {
  readonly handler: string;
}

export type RevealRequest = Pick<OperationOptions, "reason" | "by">;

export interface ReplayRequest extends HandlerRequest {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
}

export interface TableView {
  readonly name: string;
  readonly key: readonly string[];
  readonly indexes: Readonly<Record<string, readonly string[]>>;
}

export interface RowsView {
  readonly rows: readonly Json[];
  /** Where the next page begins; `null` after the last row. */
  readonly next: string | null;
}

/** Told how far a long operation has come, e.g. `12,000 events`; only where it runs in this process. */
export type Progress = (done: string) => void;

export interface Control {
  publish(request: PublishRequest): Promise<Receipt>;
  events(filter: EventFilter): Promise<readonly EventView[]>;
  deliveries(filter: DeliveryFilter): Promise<readonly DeliveryView[]>;
  deadLetters(filter: DeadLetterQuery): Promise<readonly DeadLetterView[]>;
  trace(request: EventChoice & { readonly id: string }): Promise<readonly TraceNode[]>;
  handlers(request: Nothing): Promise<readonly HandlerView[]>;
  ledger(filter: LedgerFilter): Promise<readonly LedgerEntry[]>;
  ledgerHead(request: Nothing): Promise<LedgerHead>;
  ledgerVerify(request: { readonly head?: LedgerHead }): Promise<LedgerReport>;
  apiKeys(request: Nothing): Promise<readonly KeyView[]>;
  createApiKey(request: CreateKeyRequest): Promise<IssuedKey>;
  rotateApiKey(request: RotateOptions & KeyRequest): Promise<IssuedKey>;
  revokeApiKey(request: OperationOptions & KeyRequest): Promise<OperationResult>;
  incident(filter: IncidentFilter): Promise<IncidentScope>;
  contain(request: OperationOptions & ContainTargets): Promise<ContainResult>;
  tables(request: Nothing): Promise<readonly TableView[]>;
  /** The row with the first of the keys that there is a row for; `null` where there is none. */
  row(request: { readonly table: string; readonly keys: readonly Json[] }): Promise<Json>;
  /** Rows, ordered by key; after the place where the page before ended. */
  rows(request: { readonly table: string; readonly limit: number; readonly after?: string }): Promise<RowsView>;
  redrive(request: DeadLetterRequest): Promise<OperationResult>;
  discard(request: DeadLetterRequest): Promise<OperationResult>;
  pause(request: HandlerRequest): Promise<OperationResult>;
  resume(request: HandlerRequest): Promise<OperationResult>;
  replay(request: ReplayRequest): Promise<OperationResult>;
  /** Unredacted, and recorded. */
  revealEvent(request: RevealRequest & EventChoice & { readonly id: string }): Promise<EventView>;
  revealRow(request: RevealRequest & { readonly table: string; readonly keys: readonly Json[] }): Promise<Json>;
  erase(request: OperationOptions & { readonly subject: string }): Promise<OperationResult>;
  /** `keyFile`: absolute path of the new master key. */
  rotateKey(request: OperationOptions & { readonly keyFile: string }): Promise<OperationResult>;
  /** Copies the file, as it is at one moment, to an absolute path that does not exist yet. */
  backup(request: { readonly target: string }, progress?: Progress): Promise<{ readonly bytes: number }>;
  verify(request: Nothing, progress?: Progress): Promise<VerifyReport>;
  facts(request: Nothing): Promise<Facts>;
}

export type Nothing = Readonly<Record<string, never>>;

/** Every method, by name: what the channel lets through. */
export const methods = [
  "publish",
  "events",
  "deliveries",
  "deadLetters",
  "trace",
  "handlers",
  "ledger",
  "ledgerHead",
  "ledgerVerify",
  "apiKeys",
  "createApiKey",
  "rotateApiKey",
  "revokeApiKey",
  "incident",
  "contain",
  "tables",
  "row",
  "rows",
  "redrive",
  "discard",
  "pause",
  "resume",
  "replay",
  "revealEvent",
  "revealRow",
  "erase",
  "rotateKey",
  "backup",
  "verify",
  "facts",
] as const satisfies readonly (keyof Control)[];

export type Method = (typeof methods)[number];

/** One line of the live stream: an event that was accepted, or how an attempt at one ended. */
export type Happening =
  | { readonly type: "event"; readonly event: EventView }
  | {
      readonly type: "settled";
      readonly handler: string;
      readonly event: string;
      readonly eventId: string;
      readonly state: DeliveryView["state"];
      readonly attempt: number;
      readonly milliseconds: number;
      readonly failure: { readonly code: string; readonly message: string } | undefined;
    };
