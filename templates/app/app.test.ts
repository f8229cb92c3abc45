import assert from "node:assert/strict";
import { test } from "node:test";
import { testApp } from "pulsequeue/testing";
import app, { orderConfirmed, orderPlaced, orders } from "./app.ts";

await test("an order is confirmed once, also when it is delivered twice", async () => {
  const t = await testApp(app, { seed: 42 });
  t.deliverTwice();
  await t.publish(orderPlaced, { orderId: "o-1", total: 4200 });
  await t.settle();

  assert.deepEqual(t.table(orders).get("o-1"), { orderId: "o-1", total: 4200, state: "confirmed" });
  assert.equal(t.emitted(orderConfirmed).length, 1);
});

await test("an order of nothing is refused", async () => {
  const t = await testApp(app, { seed: 42 });
  await t.publish(orderPlaced, { orderId: "o-2", total: 0 });
  await t.settle();

  assert.equal(t.table(orders).get("o-2")?.state, "refused");
  assert.equal(t.emitted(orderConfirmed).length, 0);
});
