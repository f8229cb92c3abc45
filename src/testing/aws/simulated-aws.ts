/** What a simulated AWS takes and is. No type of the AWS SDK stands here: it is an optional package. */
import type { App } from "../../core/app.ts";
import type { EndpointDefinition } from "../../core/endpoint.ts";
import type { Clock, Observer } from "../../core/ports.ts";
import type { InvokeRequest, InvokeResponse, Queue } from "../../core/queue.ts";
import type { VirtualClock } from "../clock.ts";
import type { SeededRandom } from "../random.ts";
import type { AwsFaults } from "./faults.ts";
import type { InvocationContext } from "./lambda/functions.ts";
import type { Call, Caller } from "./service/service.ts";

export interface FunctionOptions {
  readonly environment: string;
  readonly account: string;
  readonly region: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly secrets: (name: string) => string | undefined;
  readonly observe: Observer;
}

interface Batch {
  readonly Records: readonly never[];
}

/** Clients of the AWS SDK, whose types an application under test may not have. */
export interface SdkClients {
  readonly dynamodb?: unknown;
  readonly sqs?: unknown;
  readonly events?: unknown;
  readonly scheduler?: unknown;
  readonly lambda?: unknown;
}

/** The AWS engine, as the entry `pulsequeue/aws` has it. */
export interface AwsEngine {
  handlerEntry(app: App, name: string, options: Partial<FunctionOptions> & SdkClients): (event: Batch, context: InvocationContext) => Promise<unknown>;
  relayEntry(app: App, options: Partial<FunctionOptions> & SdkClients): (event: Batch) => Promise<unknown>;
  tickerEntry(app: App, options: Partial<FunctionOptions> & SdkClients): () => Promise<unknown>;
  openAws(app: App, options: Partial<FunctionOptions> & { readonly clients: SdkClients; readonly subscribe?: boolean }): Promise<Queue>;
}

export interface SimulateAwsOptions {
  /** @default a clock that runs what waits by itself */
  readonly clock?: VirtualClock;
  /** Where ids and waits come from. @default seeded with 1 */
  readonly random?: SeededRandom;
  /** @default "123456789012" */
  readonly account?: string;
  /** @default "eu-central-1" */
  readonly region?: string;
  /** Shards of each stream. @default 2 */
  readonly shards?: number;
  /** @default none */
  readonly faults?: AwsFaults;
  /** Told of every request: who sent it, and what it did to what. @default nobody */
  readonly record?: (call: Call) => void;
  /** Values of the declared secrets by name. @default none */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Told what functions say. @default nobody */
  readonly observe?: Observer;
}

/** A queue opened from outside, as an operator's machine does. */
export interface OpenedQueue {
  readonly queue: Queue;
  /** The machine is gone, with all that it waits for. */
  forget(): void;
}

export interface SimulatedAws {
  readonly clock: VirtualClock;
  /** The app as it is deployed now. */
  readonly app: App;
  /** Another version of the app, or of its secrets. What runs goes on. */
  deploy(app: App, secrets?: Readonly<Record<string, string>>): void;
  /** `caller`: a function that opens it, for its own endpoint. @default nobody's */
  open(caller?: Caller): Promise<OpenedQueue>;
  /** A request to an endpoint's function. Rejects where the function gives no answer: then nobody knows what it did. */
  invoke(endpoint: EndpointDefinition, request: InvokeRequest): Promise<InvokeResponse>;
  /** Event sources start functions from now on, and schedules unless they are not to. */
  start(options?: { readonly schedules?: boolean }): void;
  /** They start none any more. */
  stop(): void;
  /** Ends every process of a function at once; answers how many had something to do. */
  kill(): number;
  /** Ends one process that has something to do, by the draw of `pick` from their number; `false`: there is none. */
  killOne(pick: (count: number) => number): boolean;
  /** Invocations under way. */
  readonly running: number;
  /** What is not done, in words: messages, records, schedules and functions. Dead letters are none of it. */
  left(): readonly string[];
  /** Gives the messages of dead-letter queues back to where they came from, as an operator does once their cause is gone; answers how many. */
  redriveQueues(): number;
}
