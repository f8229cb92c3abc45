/** What a bench asks of a queue. Each peer implements it by the means that its own documents name. */
import type { FollowUp, Job, Total } from "./job.ts";

export const peerNames = ["pulsequeue", "bullmq", "graphile-worker", "pg-boss", "pg-boss-bulk"] as const;
export type PeerName = (typeof peerNames)[number];

/**
 * What a job does.
 *
 * - `nothing`: the handler returns at once (work A).
 * - `order`: it adds one to the counter in its customer's row and stores its amount there, and emits one follow-up with the
 *   new count; a second handler consumes the follow-up and does nothing (work B). A peer may do it by its cheapest correct means.
 */
export type Task = "nothing" | "order";

/** Told by the handlers, as they start. */
export interface Hooks {
  handled(job: Job): void;
  followed(followUp: FollowUp): void;
}

/** Where one measurement keeps its data. */
export interface Place {
  /** Keeps the warm-up apart from the measurement. Lower-case letters only: it names schemas and keys. */
  readonly name: string;
  /** An empty directory. */
  readonly directory: string;
  /** A Redis of its own: `redis://…`. */
  readonly redis: string | undefined;
  /** An empty database of its own: `postgres://…`. */
  readonly postgres: string | undefined;
}

/** One queue, opened for one measurement. */
export interface Session {
  publish(job: Job): Promise<unknown>;
  publishMany(jobs: readonly Job[]): Promise<unknown>;
  /** Starts the handlers. Resolves when they wait for work. */
  start(): Promise<void>;
  /** Resolves when the store holds nothing unfinished. */
  idle(): Promise<void>;
  /** The rows of work B, from the store. */
  totals(): Promise<readonly Total[]>;
  close(): Promise<void>;
}

export interface Peer {
  readonly name: PeerName;
  /** What must run beside it. */
  readonly server: "redis" | "postgres" | undefined;
  /** How what it acknowledged survives a power cut. */
  readonly durability: string;
  /** How its work B is done, and what of it is not atomic. */
  readonly order: string;
  /** Concurrency and batching, as measured to be best here. */
  readonly settings: string;
  open(place: Place, task: Task, hooks: Hooks): Promise<Session>;
}

/** A server's address that a peer cannot do without. */
export function required(address: string | undefined): string {
  if (address === undefined) throw new Error("this peer needs a server, and none was started for it");
  return address;
}

/** Asks `count` again and again, every 2 ms, until it is 0. */
export async function untilNone(count: () => Promise<number>): Promise<void> {
  while ((await count()) > 0) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
