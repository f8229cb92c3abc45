import type { App } from "../core/app.ts";
import type { OperationOptions, OperationResult } from "../core/operation.ts";
import type { Clock, Observer } from "../core/ports.ts";
import type { Queue } from "../core/queue.ts";
import type { Authenticator } from "./authenticator.ts";
import { limits as core } from "../core/limits.ts";

/** A token bucket: so many requests or events a second in the long run, so many at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface HttpLimits {
  /** Bytes of a request's body. @default 288 KiB: the largest event and what goes around it */
  readonly bodyBytes: number;
  /** Bytes of a batch. @default 4 MiB */
  readonly batchBytes: number;
  /** Events in a batch. @default 1,000 */
  readonly batchEvents: number;
  /** Bytes of all bodies that are held at once; beyond that requests are told to come back. One tenant gets half of it at most. @default 64 MiB */
  readonly heldBytes: number;
  /** Characters of path and query. @default 4,096 */
  readonly targetLength: number;
  /** Milliseconds in which a body must have come. @default 10,000 */
  readonly bodyTime: number;
  /** Live streams at once. @default 100 */
  readonly streams: number;
  /** Of one address, before anybody is authenticated. @default 20,000 a second */
  readonly address: Rate;
  /** Of one principal; each event of a batch counts. @default 10,000 a second */
  readonly principal: Rate;
  /** Of all principals of one tenant together, so that no tenant takes the place of others. @default 10,000 a second */
  readonly tenant: Rate;
}

export const defaultLimits: HttpLimits = {
  bodyBytes: core.eventBytes + 32 * 1024,
  batchBytes: 4 * 1024 * 1024,
  batchEvents: 1_000,
  heldBytes: 64 * 1024 * 1024,
  targetLength: 4_096,
  bodyTime: 10_000,
  streams: 100,
  address: { perSecond: 20_000, burst: 40_000 },
  principal: { perSecond: 10_000, burst: 20_000 },
  tenant: { perSecond: 10_000, burst: 20_000 },
};

/** Whether the engine can take work. */
export interface Readiness {
  readonly ready: boolean;
  /** By name, e.g. `{ store: "writable" }`: words without a path or a secret. */
  readonly checks: Readonly<Record<string, string | number | boolean>>;
}

/** What a backup wrote; `name` is a file's name without its folder. */
export interface BackupResult {
  readonly name: string;
  readonly bytes: number;
}

/** What `createHttpApp` takes. */
export interface HttpAppOptions {
  readonly app: App;
  readonly queue: Queue;
  readonly authenticator: Authenticator;
  /** @default the machine's */
  readonly clock?: Clock;
  /** Told of each request and of each refusal. @default nobody */
  readonly observe?: Observer;
  /** Names that a request may call the server by, without a port. @default ["localhost", "127.0.0.1", "[::1]"] */
  readonly hosts?: readonly string[];
  /** Origins of web pages that may call it, e.g. `https://console.example.org`; its own is always one. @default [] */
  readonly origins?: readonly string[];
  /** What differs from the defaults. @default {} */
  readonly limits?: Partial<HttpLimits>;
  /** What `/version` tells. @default "unknown" */
  readonly version?: string;
  /** @default the queue answers, and the age of the oldest delivery that may start */
  readonly readiness?: () => Promise<Readiness>;
  /** The text of `/metrics` in Prometheus' format, and its content type. @default there is no `/metrics` */
  readonly metrics?: () => Promise<{ readonly text: string; readonly contentType: string }>;
  /** Copies the store to a place that only the server chooses. @default `CAPABILITY_MISSING` */
  readonly backup?: (options: OperationOptions) => Promise<BackupResult>;
  /** Makes the personal data of one person unreadable for good. @default `CAPABILITY_MISSING` */
  readonly erase?: (subject: string, options: OperationOptions) => Promise<OperationResult>;
  /** Whether an answer may go on for ever, as live streams do; a function's ends with the function. @default true */
  readonly live?: boolean;
  /** Calls `listener` with everything that is observed, until the answer is called: live streams look at once instead of each second. */
  readonly listen?: (listener: Observer) => () => void;
}

/** What is known of a connection beside the request itself. */
export interface Peer {
  /** Address of the client. */
  readonly address: string;
  /** Whether the client is on this machine and no proxy is between. */
  readonly local: boolean;
  /** The request's target as it came, before anything is normalised. @default the path and query of the request's URL */
  readonly target?: string;
  /** Reads the body, `limit` bytes at most, and throws `PAYLOAD_TOO_LARGE` beyond; at once where it is there already. @default the request's own body is read */
  readonly read?: (limit: number) => Uint8Array | Promise<Uint8Array>;
}
