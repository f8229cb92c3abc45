/**
 * `npm run exercise`: the whole pipeline once, in memory on a virtual clock, with every delivery twice and with crashes. Prints as JSON
 * which edges from an event to a handler were gone along to a good end, and which rules do not hold afterwards.
 */
import { declined, lost, openShop, silent, type Shop } from "./test-shop.ts";

async function exercise(shop: Shop): Promise<void> {
  const { t, provider } = shop;
  t.deliverTwice();
  t.reorder();
  const order = async (name: string): Promise<void> => {
    t.crashAfterCommit();
    await shop.place(name, [{ sku: "apple", quantity: 1 }]);
    await shop.rest();
  };
  await order("order-confirmed");
  await shop.notify();
  await shop.refund("order-confirmed", "refund-1");
  await shop.rest();
  provider.next("authorize", declined);
  await order("order-declined");
  provider.next("capture", declined); // what was authorized is let go
  await order("order-voided");
  provider.next("authorize", silent); // its outcome is asked for later
  await order("order-unknown");
  await shop.place("order-cancelled", [{ sku: "pear", quantity: 2 }]);
  await shop.cancel("order-cancelled");
  await shop.rest();
  for (let calls = 0; calls < 40; calls += 1) provider.next("authorize", lost); // never answered: the hold runs out
  await shop.place("order-expired", [{ sku: "pear", quantity: 1 }]);
  await t.pass("40m"); // holds end, schedules tick
  await shop.notify();
  await shop.rest();
}

const shop = await openShop();
await exercise(shop);
const { queue } = shop.t;
const edges = new Set<string>();
for (let after = 0; ;) {
  const events = await queue.inspect.events({ after, limit: 1_000 });
  for (const { id } of events)
    for (const { eventType, handler, state } of await queue.inspect.deliveries({ eventId: id })) if (state === "done") edges.add(`${eventType} ${handler}`);
  after = events.at(-1)?.sequence ?? after;
  if (events.length < 1_000) break;
}
const violations = await shop.violations();
const dead = shop.t.deadLetters().map(({ handler, failure }) => `${handler}: ${failure?.code ?? ""}`);
process.stdout.write(`${JSON.stringify({ edges: [...edges].sort(), violations, dead })}\n`);
await shop.t.close();
process.exitCode = violations.length + dead.length > 0 ? 3 : 0;
