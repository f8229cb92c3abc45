/** Every fault switch of the test kit, over orders of every kind and a provider that behaves badly. */
import { afterEach, describe, expect, test } from "vitest";
import { orderCancelled, orderConfirmed } from "./events.ts";
import { orders } from "./tables.ts";
import { takeSnapshot } from "./snapshot.ts";
import { openShop, silent, testProvider, type Shop } from "./test-shop.ts";

const count = 24;
let shop: Shop;
afterEach(async () => {
  await shop.t.close();
});

function idOf(index: number): string {
  return `order-${String(index).padStart(3, "0")}`;
}

/** A crowd for few units, with a provider that declines, is down, is silent, is late, captures at once and repeats itself. */
async function crowd(seed: number): Promise<void> {
  const provider = testProvider({ seed, declines: 0.15, timeouts: 0.4, failures: 0.15, immediate: 0.3, duplicates: 0.5 });
  shop = await openShop({ seed, provider, units: { apple: 12, pear: 12 } });
}

/** Places orders, some twice, cancels some, refunds some, and lets everything come to its end. */
async function sale(disturb: () => void): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const items = [
      { sku: index % 2 === 0 ? "apple" : "pear", quantity: 1 + (index % 3) },
      { sku: "apple", quantity: 1 },
    ];
    await shop.place(idOf(index), items);
    if (index % 4 === 0) await shop.place(idOf(index), items);
    if (index % 5 === 0) await shop.cancel(idOf(index));
    if (index % 6 === 0) {
      disturb();
      await shop.t.settle();
      await shop.notify();
    }
  }
  disturb();
  await shop.rest();
  await shop.notify();
  for (let index = 0; index < count; index += 3) await shop.refund(idOf(index), "refund-1", 100);
  disturb();
  await shop.rest();
  await shop.t.pass("20m");
  await shop.notify();
  await shop.rest();
}

async function expectAllWell(): Promise<void> {
  expect(await shop.violations()).toEqual([]);
  expect(shop.t.deadLetters()).toEqual([]);
  expect(shop.provider.book.misused).toEqual([]);
  expect(shop.t.table(orders).all()).toHaveLength(count);
  expect(shop.t.emitted(orderConfirmed).length).toBeGreaterThan(0);
  expect(shop.t.emitted(orderCancelled).length).toBeGreaterThan(0);
}

const seeds = [1, 2, 3, 4];

describe.each(seeds)("seed %i", (seed) => {
  test("no fault", async () => {
    await crowd(seed);
    await sale(() => undefined);
    await expectAllWell();
  });

  test("every delivery comes twice", async () => {
    await crowd(seed);
    shop.t.deliverTwice();
    await sale(() => undefined);
    await expectAllWell();
  });

  test("deliveries come in any order", async () => {
    await crowd(seed);
    shop.t.reorder();
    await sale(() => undefined);
    await expectAllWell();
  });

  test("the engine dies after commits, again and again", async () => {
    await crowd(seed);
    await sale(() => {
      shop.t.crashAfterCommit();
    });
    await expectAllWell();
  });

  test("all of it together", async () => {
    await crowd(seed);
    shop.t.deliverTwice();
    shop.t.reorder();
    await sale(() => {
      shop.t.crashAfterCommit();
    });
    await expectAllWell();
  });
});

describe("a replay of the whole journal to every handler", () => {
  /** Every row of every table, and how many events of each kind there are. */
  async function everything(): Promise<unknown> {
    const { events, ...rows } = await takeSnapshot(shop.t.queue);
    const counts = new Map<string, number>();
    for (const { type } of events) if (!type.startsWith("pulsequeue.")) counts.set(type, (counts.get(type) ?? 0) + 1);
    return { rows, counts };
  }
  async function replayAll(): Promise<void> {
    for (const { name } of await shop.t.queue.inspect.handlers()) {
      if (name !== "sweep-holds" && name !== "watch-orders")
        await shop.t.queue.operate.replay({ handler: name, from: 0, to: Number.MAX_SAFE_INTEGER, reason: "test" });
    }
    await shop.t.settle();
  }

  test("after the end changes nothing and tells nothing", async () => {
    await crowd(5);
    await sale(() => undefined);
    const before = await everything();
    await replayAll();
    expect(await everything()).toEqual(before);
    await expectAllWell();
  });

  test("while payments and holds are under way changes nothing either", async () => {
    const provider = testProvider();
    shop = await openShop({ provider, policy: { lookupAfter: 60 * 60_000 } });
    provider.next("authorize", silent);
    await shop.place("order-unanswered", [{ sku: "apple", quantity: 1 }]);
    await shop.t.settle();
    provider.next("authorize", silent);
    await shop.place("order-cancelled", [{ sku: "apple", quantity: 1 }]);
    await shop.t.settle();
    await shop.cancel("order-cancelled");
    await shop.t.settle();
    expect(shop.order("order-cancelled")).toMatchObject({ state: "CLOSING", stockReleased: true });
    provider.next("capture", silent);
    await shop.place("order-capturing", [{ sku: "apple", quantity: 1 }]);
    await shop.t.settle();
    const before = await everything();
    await replayAll();
    expect(await everything()).toEqual(before);
    await shop.t.pass("70m");
    expect(await shop.violations()).toEqual([]);
  });
});

test("the same seed gives the same shop", async () => {
  const run = async (): Promise<unknown> => {
    await crowd(9);
    shop.t.reorder();
    await sale(() => undefined);
    const rows = shop.t
      .table(orders)
      .all()
      .map((order) => [order.id, order.state, order.reason, order.updatedAt]);
    await shop.t.close();
    return rows;
  };
  const first = await run();
  expect(await run()).toEqual(first);
  await crowd(9);
});
