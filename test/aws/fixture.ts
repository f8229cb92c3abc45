/** A small app over the fake DynamoDB, with clients whose requests are counted and can be made to fail. */
import type { App } from "../../src/core/app.ts";
import { defineApp } from "../../src/core/app.ts";
import { defineEvent } from "../../src/core/event.ts";
import { defineHandler, type HandlerDefinition } from "../../src/core/handler.ts";
import type { NewEvent } from "../../src/core/envelope.ts";
import type { ObservedFact } from "../../src/core/ports.ts";
import { defineTable } from "../../src/core/table.ts";
import type { Item } from "../../src/engines/aws/items/attributes.ts";
import { openRuntime, type Runtime, type RuntimeOptions } from "../../src/engines/aws/entries/context.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { virtualClock, type VirtualClock } from "../../src/testing/clock.ts";
import { shape } from "../../src/testing/contract/fixtures.ts";
import { fakeAws } from "../../src/testing/aws/fake-aws.ts";
import { createTables } from "./tables.ts";

export const changed = defineEvent("changed", { schema: shape({ sku: "string", n: "number" }), key: (data) => data.sku });
export const counted = defineEvent("counted", { schema: shape({ sku: "string", n: "number" }), key: (data) => data.sku });
export const stock = defineTable("stock", {
  schema: shape({ sku: "string", shelf: "string", n: "number", note: "any" }),
  key: "sku",
  indexes: { byShelf: ["shelf", "n"] },
});

/** Counts changes of stock, on one row for each article. */
export const count = defineHandler("count", {
  on: changed,
  writes: [stock],
  emits: [counted],
  async handle({ data }, ctx) {
    const row = await ctx.tables.stock.get(data.sku);
    ctx.tables.stock.put({ sku: data.sku, shelf: "a", n: (row?.n ?? 0) + data.n, note: "" });
  },
});

export function appOf(...handlers: readonly HandlerDefinition[]): App {
  return defineApp("shop", { handlers, unhandled: handlers.some(({ on }) => on.includes(counted)) ? [] : [counted] });
}

/** Answers the error that a request ends with, before or after all of it was done. */
export type Fault = (command: string, input: object) => { readonly when: "before" | "after"; readonly error: Error } | undefined;

export interface Deployed {
  readonly clock: VirtualClock;
  readonly runtime: Runtime;
  readonly options: RuntimeOptions;
  /** Names of the commands sent so far. */
  readonly sent: string[];
  readonly facts: ObservedFact[];
  /** Lets `work` end, whatever waits it needs. */
  settle<Result>(work: Promise<Result>): Promise<Result>;
  fail(fault: Fault | undefined): void;
  /** Every item of a table. */
  items(table: string): readonly Item[];
  /** Records of a table's stream, shard by shard. */
  stream(table: string): readonly object[];
}

export function deploy(app: App, options: Partial<RuntimeOptions> = {}): Deployed {
  const clock = virtualClock();
  const aws = fakeAws({ clock });
  const sent: string[] = [];
  const facts: ObservedFact[] = [];
  let fault: Fault | undefined;
  const client = {
    async send(command: { readonly input: object }): Promise<unknown> {
      const name = command.constructor.name.replace(/Command$/, "");
      sent.push(name);
      const wrong = fault?.(name, command.input);
      if (wrong?.when === "before") throw wrong.error;
      const answer = await aws.clients.dynamodb.send(command as never);
      if (wrong?.when === "after") throw wrong.error;
      return answer;
    },
  };
  const given: RuntimeOptions = {
    environment: "dev",
    account: "123456789012",
    region: "eu-central-1",
    clock,
    random: seededRandom(7),
    observe: (fact) => void facts.push(fact),
    ...options,
    dynamodb: client,
  };
  const runtime = openRuntime(app, given, {});
  const { deployment, topology } = runtime;
  createTables(aws, deployment, topology);
  return {
    clock,
    runtime,
    options: given,
    sent,
    facts,
    async settle(work) {
      const state = { isOver: false };
      const over = (): void => void (state.isOver = true);
      work.then(over, over);
      for (let quiet = 0; !state.isOver && quiet < 10_000; quiet += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        const wait = clock.pending() === 0 ? clock.untilNextTimer() : undefined;
        if (wait !== undefined && quiet % 20 === 19) clock.advance(wait);
      }
      return work;
    },
    fail(next) {
      fault = next;
    },
    items: (table) =>
      aws.dynamodb.tables
        .get(table)
        ?.all()
        .map(({ item }) => item) ?? [],
    stream: (table) => aws.dynamodb.tables.get(table)?.stream?.shards.flat() ?? [],
  };
}

/** An error as the SDK throws it. */
export function awsFailure(name: string, details: object = {}): Error {
  return Object.assign(new Error(name), { name, ...details });
}

let ids = 0;

export function eventOf(given: Partial<NewEvent> = {}): NewEvent {
  ids += 1;
  return {
    id: `event-${String(ids)}`,
    type: "changed",
    source: "shop",
    time: 1_000,
    data: '{"sku":"a","n":1}',
    version: 1,
    key: "a",
    correlationId: undefined,
    causationId: undefined,
    hops: 0,
    traceparent: undefined,
    dueAt: undefined,
    chosenId: true,
    ...given,
  };
}
