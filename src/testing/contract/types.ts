import type { App } from "../../core/app.ts";
import type { Duration } from "../../core/duration.ts";
import type { Queue } from "../../core/queue.ts";
import type { VirtualClock } from "../clock.ts";

/** What not every engine, or not every way to run one, can do. A case that needs what is missing is skipped and says so. */
export const capabilities = {
  crash: "the engine can be killed and opened again over what was durable",
  verify: "the journal's hash chain can be checked",
  retention: "old events are removed after a declared time",
  backpressure: "so many publishes at once that they would only wait are refused",
  start: "handlers and schedules run only between `start` and `close`",
  grace: "`close` waits for the handlers that run, within its grace time",
  keyConcurrency: "as many deliveries of one key run at once as its handler's `concurrency` says",
  redriveOrder: "a redriven event of a key runs before the later ones of the key that wait already",
  rowOrder: "pages of a table come in the order of the rows' keys",
} as const;
export type Capability = keyof typeof capabilities;

/** How a case wants its engine opened. */
export interface ContractOptions {
  /** Values of secrets by name. @default {} */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Whether handlers and schedules run from the beginning. @default true */
  readonly start?: boolean;
  /** How long `close` waits for what runs. @default the engine's */
  readonly grace?: Duration;
  /** How long finished events are kept. @default the engine's */
  readonly retention?: Duration;
}

/** An engine under test, on a virtual clock. */
export interface ContractEngine {
  /** The queue; another one after `restart`. */
  readonly queue: Queue;
  readonly clock: VirtualClock;
  /** Runs what can run now; time stands still. */
  drain(): Promise<void>;
  /** Until the queue is idle; jumps over the waits of retries. */
  settle(): Promise<void>;
  /** Lets time pass timer by timer, with the work of each done before the next. */
  pass(duration: Duration): Promise<void>;
  /** Ends the engine, by `close` or as a `kill -9` would, and opens it again over what is durable, with another version of the app if one is given. */
  restart(kind: "clean" | "crash", next?: { readonly app?: App } & ContractOptions): Promise<void>;
  /** What is wrong with the journal; empty when its chain is whole. */
  verify(): Promise<readonly string[]>;
  /** Frees everything. Does not wait for handlers that never end. */
  dispose(): Promise<void>;
}

/** What an engine gives to the suite. */
export interface ContractHarness {
  readonly open: (app: App, options?: ContractOptions) => Promise<ContractEngine>;
}

/** One promise of the contract. */
export interface ContractCase {
  /** Unique, and says the promise. */
  readonly name: string;
  readonly area: string;
  readonly requires: readonly Capability[];
  run(harness: ContractHarness): Promise<void>;
}

/** The cases of one area: the promise as the name, its proof as the function. */
export function casesOf(
  area: string,
  proofs: Readonly<Record<string, (harness: ContractHarness) => Promise<void>>>,
  requires: readonly Capability[] = [],
): readonly ContractCase[] {
  return Object.entries(proofs).map(([name, run]) => ({ name: `${area}: ${name}`, area, requires, run }));
}

/** Runs `contractCase` and disposes of every engine that it opened. */
export async function runContractCase(contractCase: ContractCase, harness: ContractHarness): Promise<void> {
  const opened: ContractEngine[] = [];
  try {
    await contractCase.run({
      open: async (app, options) => {
        const engine = await harness.open(app, options);
        opened.push(engine);
        return engine;
      },
    });
  } finally {
    for (const engine of opened) await engine.dispose();
  }
}
