/** Random days of the shop against a model: what clients were told must be what became of their orders. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { openShop, testProvider, type Item, type Shop } from "./test-shop.ts";

const ids = ["order-000", "order-001", "order-002", "order-003", "order-004"] as const;
const skus = ["apple", "pear"] as const;
const units = 6;

/** What the model knows of an order: only what its client was told. */
interface Told {
  items: readonly Item[];
  cancelled: boolean;
  tooLateToCancel: boolean;
  refunds: Map<string, number>;
}
type Model = Map<string, Told>;

interface Day {
  readonly shop: Shop;
}
type Command = fc.AsyncCommand<Model, Day>;

class Place implements Command {
  readonly id: string;
  readonly items: readonly Item[];

  constructor(id: string, items: readonly Item[]) {
    this.id = id;
    this.items = items;
  }
  check = (): boolean => true;
  async run(model: Model, { shop }: Day): Promise<void> {
    const told = model.get(this.id);
    const { status } = await shop.place(this.id, this.items);
    if (told === undefined) {
      expect(status).toBe(202);
      model.set(this.id, { items: this.items, cancelled: false, tooLateToCancel: false, refunds: new Map() });
    } else {
      expect(status).toBe(sameDemand(told.items, this.items) ? 200 : 409);
    }
  }
  toString = (): string => `place(${this.id}, ${JSON.stringify(this.items)})`;
}

class Cancel implements Command {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
  check = (model: Readonly<Model>): boolean => model.has(this.id);
  async run(model: Model, { shop }: Day): Promise<void> {
    const told = model.get(this.id);
    const answer = await shop.cancel(this.id);
    expect([200, 202, 409]).toContain(answer.status);
    if (told === undefined) return;
    if (answer.status === 409) told.tooLateToCancel = true;
    else if (answer.status === 202) told.cancelled = true;
    expect(told.cancelled && told.tooLateToCancel).toBe(false);
  }
  toString = (): string => `cancel(${this.id})`;
}

class Refund implements Command {
  readonly id: string;
  readonly refundId: string;
  readonly amount: number;

  constructor(id: string, refundId: string, amount: number) {
    this.id = id;
    this.refundId = refundId;
    this.amount = amount;
  }
  check = (model: Readonly<Model>): boolean => model.has(this.id);
  async run(model: Model, { shop }: Day): Promise<void> {
    const told = model.get(this.id);
    const { status } = await shop.refund(this.id, this.refundId, this.amount);
    expect([200, 202, 409, 422]).toContain(status);
    if (status === 202) told?.refunds.set(this.refundId, this.amount);
    if (status === 200) expect(told?.refunds.get(this.refundId)).toBe(this.amount);
  }
  toString = (): string => `refund(${this.id}, ${this.refundId}, ${String(this.amount)})`;
}

class Do implements Command {
  readonly name: string;
  readonly act: (shop: Shop) => Promise<unknown>;

  constructor(name: string, act: (shop: Shop) => Promise<unknown>) {
    this.name = name;
    this.act = act;
  }
  check = (): boolean => true;
  async run(_model: Model, { shop }: Day): Promise<void> {
    await this.act(shop);
    expect(await shop.violations({ atRest: false })).toEqual([]);
  }
  toString = (): string => this.name;
}

function demandOf(items: readonly Item[]): string {
  const sums = skus.map((sku) => items.filter((item) => item.sku === sku).reduce((sum, item) => sum + item.quantity, 0));
  return sums.join();
}

function sameDemand(left: readonly Item[], right: readonly Item[]): boolean {
  return demandOf(left) === demandOf(right);
}

/** What each order's end must be, given what its client was told. */
function checkEnds(model: Model, { t, order, payment }: Shop): void {
  for (const [id, told] of model) {
    const { state, interrupted, total } = order(id);
    const end = interrupted ?? state;
    if (told.cancelled) expect(["CANCELLED", "REFUNDED", "EXPIRED", "CLOSING"], id).toContain(end);
    if (told.tooLateToCancel) expect(["CONFIRMED", "REFUNDED"], id).toContain(end);
    const refunded = [...told.refunds.values()].reduce((sum, amount) => sum + amount, 0);
    if (told.refunds.size > 0 && state !== "NEEDS_ATTENTION") {
      expect(payment(id).refunded, id).toBe(refunded);
      expect(state, id).toBe(refunded === total ? "REFUNDED" : "CONFIRMED");
    }
  }
  expect(t.deadLetters()).toEqual([]);
}

const item = fc.record({ sku: fc.constantFrom(...skus), quantity: fc.integer({ min: 1, max: 3 }) });
const id = fc.constantFrom(...ids);
const kinds: readonly fc.Arbitrary<Command>[] = [
  fc.tuple(id, fc.array(item, { minLength: 1, maxLength: 3 })).map(([order, items]) => new Place(order, items)),
  fc.tuple(id, fc.array(item, { minLength: 1, maxLength: 1 })).map(([order, items]) => new Place(order, items)),
  id.map((order) => new Cancel(order)),
  fc
    .tuple(id, fc.constantFrom("refund-1", "refund-2"), fc.constantFrom(100, 1_250, 2_500))
    .map(([order, refundId, amount]) => new Refund(order, refundId, amount)),
  fc.constant(new Do("settle", (shop) => shop.t.settle())),
  fc.constant(new Do("notify", (shop) => shop.notify())),
  fc.constantFrom("20ms" as const, "1s" as const, "16m" as const).map((time) => new Do(`pass ${time}`, (shop) => shop.t.pass(time))),
  fc.constant(
    new Do("crash after a commit", async (shop) => {
      shop.t.crashAfterCommit();
      await shop.t.settle();
    }),
  ),
  fc.constantFrom(1, 3).map((quantity) => new Do(`receive ${String(quantity)}`, (shop) => shop.receive("apple", quantity, `delivery-of-${String(quantity)}`))),
];
const commands = fc.commands([...kinds], { maxCommands: 30 });

const weather = fc.record({
  seed: fc.nat(),
  declines: fc.constantFrom(0, 0.3),
  timeouts: fc.constantFrom(0, 0.5, 1),
  failures: fc.constantFrom(0, 0.3),
  immediate: fc.constantFrom(0, 0.5),
  duplicates: fc.constantFrom(0, 1),
});

test("whatever clients, the provider and crashes do, every order ends as its client was told", async () => {
  await fc.assert(
    fc.asyncProperty(weather, fc.boolean(), fc.boolean(), commands, async (provider, twice, shuffled, cmds) => {
      const shop = await openShop({ seed: provider.seed, provider: testProvider(provider), units: { apple: units, pear: units } });
      if (twice) shop.t.deliverTwice();
      if (shuffled) shop.t.reorder();
      const model: Model = new Map();
      try {
        await fc.asyncModelRun(() => ({ model, real: { shop } }), cmds);
        await shop.rest();
        await shop.t.pass("20m");
        await shop.notify();
        await shop.rest();
        expect(await shop.violations()).toEqual([]);
        checkEnds(model, shop);
      } finally {
        await shop.t.close();
      }
    }),
    { numRuns: 60 },
  );
}, 120_000);
