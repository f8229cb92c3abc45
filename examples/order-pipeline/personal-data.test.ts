import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLocal } from "pulsequeue/local";
import { createOrdersApp } from "./app.ts";
import { placeOrder } from "./endpoints/place-order.ts";
import { receiveStock } from "./endpoints/receive-stock.ts";
import { setProduct } from "./endpoints/set-product.ts";
import { checkInvariants } from "./invariants.ts";
import { simulatedProvider } from "./providers/simulated.ts";
import { takeSnapshot } from "./snapshot.ts";
import { orders } from "./tables.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pulsequeue-customers-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const customerOf = (name: string): object => ({ name: `Canary ${name}`, email: `Canary.${name}@example.com`, address: `1 Canary Street, ${name}` });

test("one customer is erased from orders, events and a backup; the other one's data and every invariant stay", async () => {
  const provider = simulatedProvider({ seed: 1 });
  const file = join(folder, "orders.db");
  const queue = await openLocal(createOrdersApp({ provider }), { file, vault: { masterKey: Buffer.alloc(32, 7) }, secrets: () => "whsec_test" });
  await queue.invoke(setProduct, { principal: "operator", params: { sku: "apple" }, body: { name: "apple", unitPrice: 100, currency: "EUR" } });
  await queue.invoke(receiveStock, { principal: "operator", params: { sku: "apple" }, body: { receiptId: "delivery-1", quantity: 10 } });
  await queue.start();
  for (const [orderId, name] of [
    ["order-0001", "Ada"],
    ["order-0002", "Bob"],
  ] as const) {
    const body = { orderId, customer: customerOf(name), items: [{ sku: "apple", quantity: 1 }], paymentMethod: "tok_visa" };
    expect((await queue.invoke(placeOrder, { principal: name, idempotencyKey: orderId, body })).status).toBe(202);
  }
  await queue.idle();
  await queue.backup(join(folder, "copy.db"));
  const stored = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
  expect(stored.join("\n")).not.toMatch(/canary/i);

  expect(await queue.erase("canary.ada@example.com", { reason: "asked for it" })).toEqual({ count: 1, dryRun: false });
  const shown = JSON.stringify([await queue.inspect.events({ type: "order.placed" }), await queue.inspect.table(orders).all()]);
  expect(shown).not.toContain("Canary Ada");
  expect(shown).toContain("Canary Bob");
  expect(shown).toContain("[erased]");
  expect(checkInvariants(await takeSnapshot(queue, provider.book.charges), { atRest: true })).toEqual([]);
  expect((await queue.verify()).ok).toBe(true);
  await queue.close();
});
