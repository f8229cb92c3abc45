/** The public API: what an application declares. Engines are under `pulsequeue/local`, test tools under `pulsequeue/testing`. */
export { defineApp } from "./core/app.ts";
export type { App } from "./core/app.ts";
export type { AppOptions } from "./core/topology.ts";
export { defineEndpoint } from "./core/endpoint.ts";
export type { EndpointAuth, EndpointDefinition, EndpointOptions, EndpointRequest, EndpointResponse, Method, WebhookSource } from "./core/endpoint.ts";
export { defineEvent } from "./core/event.ts";
export type { AnyEvent, EventData, EventDefinition, EventInput, EventOptions } from "./core/event.ts";
export { defineHandler } from "./core/handler.ts";
export type { ConcurrencyOptions, EventMessage, HandlerDefinition, HandlerOptions, MessageOf } from "./core/handler.ts";
export { defineSchedule } from "./core/schedule.ts";
export type { ScheduleDefinition, ScheduleOptions, Tick } from "./core/schedule.ts";
export { defineSecret } from "./core/secret.ts";
export type { SecretDefinition } from "./core/secret.ts";
export type { RowPage, RowPageOptions, TableInspector } from "./core/table-inspector.ts";
export { defineTable } from "./core/table.ts";
export type { AnyTable, Row, RowInput, RowKey, TableDefinition, TableOptions, TableQuery } from "./core/table.ts";
export type { Context, EmitOptions, Log, ReadableTable, Tables, WritableTable } from "./core/context.ts";
export type { Duration } from "./core/duration.ts";
export { defineConfig } from "./core/config.ts";
export type { Config } from "./core/config.ts";
export type { CloudEvent } from "./core/envelope.ts";
export { errorCatalogue, isPulseQueueError, PulseQueueError } from "./core/errors.ts";
export type { ErrorCode, ErrorDetails, Issue, RetryVerdict } from "./core/errors.ts";
export type { Nonces } from "./core/nonces.ts";
export { NonRetryableError, RetryAfterError } from "./core/retry-errors.ts";
export type { Json } from "./core/json.ts";
export type { RetryOptions } from "./core/retry.ts";
export type { DeliveryState, Failure } from "./core/delivery.ts";
export type {
  ContainResult,
  ContainTargets,
  DeadLetterFilter,
  DeadLetterQuery,
  DeadLetterView,
  DeliveryFilter,
  DeliveryView,
  EventChoice,
  EventFilter,
  EventView,
  HandlerView,
  IncidentFilter,
  IncidentScope,
  Inspect,
  InvokeRequest,
  InvokeResponse,
  Operate,
  Publication,
  PublishOptions,
  Queue,
  ReplayOptions,
  TraceNode,
} from "./core/queue.ts";
export type { IssuedKey, KeyStore, KeyView, NewKey, RotateOptions, StoredKey } from "./core/keys.ts";
export { ledgerActions } from "./core/ledger.ts";
export type { Ledger, LedgerAction, LedgerEntry, LedgerFilter, LedgerHead, LedgerReport, LedgerResult, NewLedgerEntry } from "./core/ledger.ts";
export type { OperationOptions, OperationResult } from "./core/operation.ts";
export { roles } from "./core/principal.ts";
export type { Principal, Role, Scope } from "./core/principal.ts";
export type { Receipt } from "./core/ports.ts";
