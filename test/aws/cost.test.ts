/** What `pulsequeue cost` counts is what the engine asks of AWS: its units against those of the requests that the real functions send. */
import { expect, test } from "vitest";
import { defineApp, type App } from "../../src/core/app.ts";
import { defineHandler, type HandlerDefinition } from "../../src/core/handler.ts";
import { defineTable } from "../../src/core/table.ts";
import { deliveryCost, eventCost, handWiredCost, handWiredEventCost, listPrices, usualWorkload } from "../../src/synth/index.ts";
import { shape } from "../../src/testing/contract/fixtures.ts";
import { sizeOfItem } from "./item-size.ts";
import { changed } from "./fixture.ts";
import { wayOf, type Way } from "./way.ts";

const rows = defineTable("rows", { schema: shape({ id: "string", n: "number" }), key: "id" });
const indexed = defineTable("indexed", { schema: shape({ id: "string", n: "number" }), key: "id", indexes: { byNumber: ["n", "id"] } });
const settings = defineTable("settings", { schema: shape({ id: "string" }), key: "id" });

type Item = Readonly<Record<string, unknown>>;
interface TransactItem {
  readonly Put?: { readonly TableName: string; readonly Item: Item };
  readonly Update?: { readonly TableName: string };
  readonly ConditionCheck?: { readonly TableName: string };
}
interface Measured {
  writeUnits: number;
  readUnits: number;
  requests: number;
  items: number;
}

/** The attributes that the keys of each table's indexes are. */
function indexKeysOf(app: App, { deployment }: Way["runtime"]): ReadonlyMap<string, readonly (readonly string[])[]> {
  return new Map([
    [
      deployment.journal,
      [
        ["tb", "q"],
        ["c", "q"],
      ],
    ],
    [deployment.deliveries, [["o", "q"]]],
    ...[...app.topology.tables].map(([name, table]): [string, string[][]] => [
      deployment.tables.get(name) ?? name,
      [...table.indexFields.keys()].map((index) => [`x_${index}`, `y_${index}`]),
    ]),
  ]);
}

/** Counts units as the developer guide says: 1 KB a unit, two in a transaction, one for each index that a new item is in. */
function measure(app: App, way: Way): Measured {
  const measured: Measured = { writeUnits: 0, readUnits: 0, requests: 0, items: 0 };
  const indexKeys = indexKeysOf(app, way.runtime);
  const put = (table: string, item: Item, factor: number): void => {
    const size = Math.ceil(sizeOfItem(item) / 1_024);
    const indexes = (indexKeys.get(table) ?? []).filter((keys) => keys.every((key) => key in item)).length;
    measured.writeUnits += factor * size + indexes * size;
    measured.items += 1;
  };
  way.fail((name, input) => {
    const given = input as { readonly TableName?: string; readonly Item?: Item; readonly TransactItems?: readonly TransactItem[] };
    // Once an hour, whatever comes in it.
    if (name === "PutItem" && given.TableName === way.runtime.deployment.system) return undefined;
    measured.requests += 1;
    if (name === "GetItem") measured.readUnits += 1;
    else if (name === "BatchGetItem") {
      const { RequestItems = {} } = input as { readonly RequestItems?: Readonly<Record<string, { readonly Keys: readonly unknown[] }>> };
      for (const { Keys } of Object.values(RequestItems)) measured.readUnits += Keys.length;
    } else if (name === "PutItem") put(given.TableName ?? "", given.Item ?? {}, 1);
    else if (name === "TransactWriteItems") {
      for (const { Put, Update, ConditionCheck } of given.TransactItems ?? []) {
        if (Put !== undefined) put(Put.TableName, Put.Item, 2);
        if (Update !== undefined || ConditionCheck !== undefined) measured.writeUnits += 2;
        if (Update !== undefined) measured.items += 1;
      }
    } else throw new Error(`${name} is not counted here`);
    return undefined;
  });
  return measured;
}

const events = 100;

async function run(handler: HandlerDefinition): Promise<{ readonly app: App; readonly way: Way; readonly perEvent: Measured }> {
  const app = defineApp("shop", { handlers: [handler] });
  const way = wayOf(app);
  const measured = measure(app, way);
  const note = "x".repeat(100);
  await way.settle(
    way.publish(
      changed,
      Array.from({ length: events }, (_event, n) => ({ sku: `${note}${String(n)}`, n })),
    ),
  );
  await way.run();
  const { writeUnits, readUnits, requests, items } = measured;
  return { app, way, perEvent: { writeUnits: writeUnits / events, readUnits: readUnits / events, requests: requests / events, items: items / events } };
}

const writesOne = defineHandler("writes-one", {
  on: changed,
  writes: [rows],
  async handle({ data }, ctx) {
    await ctx.tables.rows.get(String(data.n));
    ctx.tables.rows.put({ id: String(data.n), n: data.n });
  },
});
const cases: readonly HandlerDefinition[] = [
  writesOne,
  defineHandler("indexed", {
    on: changed,
    writes: [indexed],
    async handle({ data }, ctx) {
      await ctx.tables.indexed.get(String(data.n));
      ctx.tables.indexed.put({ id: String(data.n), n: data.n });
    },
  }),
  defineHandler("only-reads", {
    on: changed,
    reads: [settings],
    async handle({ data }, ctx) {
      await ctx.tables.settings.get(String(data.n));
    },
  }),
  defineHandler("in-order", {
    on: changed,
    ordered: true,
    writes: [rows],
    async handle({ data }, ctx) {
      await ctx.tables.rows.get(String(data.n));
      ctx.tables.rows.put({ id: String(data.n), n: data.n });
    },
  }),
];

test.each(cases.map((handler) => [handler.name, handler] as const))(
  "what an event costs, accepted and delivered, by counted requests: %s",
  async (_name, handler) => {
    const { app, way, perEvent } = await run(handler);
    const work = { ...usualWorkload, eventBytes: 512 };
    const [accepted, delivered] = [eventCost(app.topology, "changed", work, listPrices), deliveryCost(handler, work, listPrices)];
    expect(perEvent.writeUnits).toBeCloseTo(accepted.writeUnits + delivered.writeUnits, 5);
    expect(perEvent.readUnits).toBeCloseTo(delivered.readUnits, 5);
    expect(way.counts.entries / events).toBe(accepted.busEvents);
    expect(way.counts.calls / events).toBe(delivered.calls);
    // Of a FIFO queue the relay sends in batches: a request of one entry each is what it costs at most.
    expect(way.counts.queueEntries / events).toBe(accepted.fifoRequests);
  },
);

const hot = defineHandler("hot", {
  on: changed,
  writes: [rows],
  async handle({ data }, ctx) {
    const row = await ctx.tables.rows.get("hot");
    ctx.tables.rows.put({ id: "hot", n: (row?.n ?? 0) + data.n });
  },
});

test("items and requests of an event in batches of ten, beside the same work wired by hand", async () => {
  const work = { ...usualWorkload, eventBytes: 512 };
  const found: number[] = [];
  for (const [what, handler] of [
    ["one hot row", hot],
    ["a row of its own each", writesOne],
  ] as const) {
    const { app, perEvent } = await run(handler);
    const costs = (...each: readonly { readonly dollars: number }[]): string => each.reduce((sum, { dollars }) => sum + dollars, 0).toFixed(2);
    const own = costs(eventCost(app.topology, "changed", work, listPrices), deliveryCost(handler, work, listPrices));
    const byHand = costs(handWiredEventCost(app.topology, "changed", work, listPrices), handWiredCost(handler, work, listPrices));
    process.stdout.write(
      `${what}, per event: ${perEvent.items.toFixed(2)} items in ${perEvent.requests.toFixed(2)} requests to DynamoDB, ${perEvent.writeUnits.toFixed(1)} write units, at most $ ${own} a million; wired by hand 3 items in 4 requests, 3 write units, $ ${byHand}\n`,
    );
    found.push(perEvent.requests);
  }
  // By hand: a row is read and written, and an idempotency record written before and after.
  expect(found[0]).toBeLessThanOrEqual(0.3);
  expect(found[1]).toBeLessThanOrEqual(1.2);
});
