/** One idempotency key in two processes at once: two queues of the AWS engine on one simulated AWS, as two functions of an endpoint are. */
import { expect, test } from "vitest";
import { defineApp, defineEndpoint, defineTable, type InvokeResponse, type Queue } from "pulsequeue";
import * as awsEngine from "pulsequeue/aws";
import { drain, pass, virtualClock, type VirtualClock } from "pulsequeue/testing";
import { fakeAws } from "../../src/testing/aws/fake-aws.ts";
import { simulateOn } from "../../src/testing/aws/simulate-on.ts";
import { shape } from "../../src/testing/contract/fixtures.ts";

interface Shop {
  readonly clock: VirtualClock;
  /** Requests to DynamoDB so far. */
  readonly sent: string[];
  /** Endpoints that run wait until this is called. */
  readonly open: () => void;
  /** A process with the queue open. */
  process(): Promise<{ readonly queue: Queue; readonly die: () => void }>;
  ask(queue: Queue, key?: string): Promise<InvokeResponse>;
  runs(): number;
}

function deploy(status = 201): Shop {
  const gates: (() => void)[] = [];
  let runs = 0;
  const orders = defineTable("orders", { schema: shape({ id: "string", run: "number" }), key: "id" });
  const place = defineEndpoint("place", {
    method: "POST",
    path: "/orders",
    auth: "public",
    writes: [orders],
    async handle(_request, ctx) {
      const run = (runs += 1);
      await new Promise<void>((resolve) => gates.push(resolve));
      ctx.tables.orders.put({ id: "o-1", run });
      return { status, body: { run } };
    },
  });
  const app = defineApp("shop", { endpoints: [place] });
  const clock = virtualClock();
  const sent: string[] = [];
  const services = fakeAws({ clock, record: ({ operation }) => void sent.push(operation) });
  const aws = simulateOn(services, app, awsEngine, { clock, secrets: {} });
  return {
    clock,
    sent,
    open: () => {
      for (const gate of gates.splice(0)) gate();
    },
    async process() {
      let isAlive = true;
      const opened = await aws.open({ function: "shop-simulation-place", isAlive: () => isAlive, kill: () => undefined });
      return {
        queue: opened.queue,
        die: () => {
          isAlive = false;
          opened.forget();
        },
      };
    },
    ask: (queue, key) => queue.invoke(place, { body: {}, ...(key === undefined ? {} : { idempotencyKey: key }) }),
    runs: () => runs,
  };
}

test("a request that another process still runs is told to the second as 409, and afterwards its answer", async () => {
  const shop = deploy();
  const [one, two] = [await shop.process(), await shop.process()];
  const first = shop.ask(one.queue, "k-1");
  await drain(shop.clock);
  const second = await shop.ask(two.queue, "k-1");
  expect(second).toMatchObject({ status: 409, headers: { "retry-after": "1" }, body: { code: "REQUEST_IN_PROGRESS" } });
  // Another key does not wait for it.
  const other = shop.ask(two.queue, "k-2");
  await drain(shop.clock);
  shop.open();
  await drain(shop.clock);
  expect([(await first).body, (await other).body]).toEqual([{ run: 1 }, { run: 2 }]);
  expect(await shop.ask(two.queue, "k-1")).toMatchObject({ status: 201, body: { run: 1 }, replayed: true });
  expect(shop.runs()).toBe(2);
});

test("of two that come at the same moment one runs", async () => {
  const shop = deploy();
  const [one, two] = [await shop.process(), await shop.process()];
  const both = Promise.all([shop.ask(one.queue, "k-1"), shop.ask(two.queue, "k-1")]);
  await drain(shop.clock);
  shop.open();
  await drain(shop.clock);
  expect((await both).map(({ status }) => status).sort()).toEqual([201, 409]);
  expect(shop.runs()).toBe(1);
});

test("a process that died keeps a key for half a minute, not for ever", async () => {
  const shop = deploy();
  const [one, two] = [await shop.process(), await shop.process()];
  void shop.ask(one.queue, "k-1").catch(() => undefined);
  await drain(shop.clock);
  one.die();
  expect((await shop.ask(two.queue, "k-1")).status).toBe(409);
  await pass(shop.clock, "31s");
  const again = shop.ask(two.queue, "k-1");
  await drain(shop.clock);
  shop.open();
  await drain(shop.clock);
  expect(await again).toMatchObject({ status: 201, body: { run: 2 }, replayed: false });
});

test("a request that failed gives its key back at once, to whatever process", async () => {
  const shop = deploy(503);
  const [one, two] = [await shop.process(), await shop.process()];
  for (const { queue } of [one, two, one]) {
    const answer = shop.ask(queue, "k-1");
    await drain(shop.clock);
    shop.open();
    await drain(shop.clock);
    expect(await answer).toMatchObject({ status: 503, body: { run: expect.any(Number) as number } });
  }
  expect(shop.runs()).toBe(3);
});

test("a key costs one conditional write, and a request without one pays nothing for it", async () => {
  const shop = deploy();
  const { queue } = await shop.process();
  const costOf = async (key?: string): Promise<readonly string[]> => {
    shop.sent.length = 0;
    const answer = shop.ask(queue, key);
    await drain(shop.clock);
    shop.open();
    await drain(shop.clock);
    expect((await answer).status).toBe(201);
    return [...shop.sent];
  };
  expect(await costOf()).toEqual(["dynamodb:TransactWriteItems"]);
  expect(await costOf("k-1")).toEqual(["dynamodb:PutItem", "dynamodb:TransactWriteItems"]);
});
