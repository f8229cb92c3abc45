import { expect, it } from "vitest";
import { defineApp } from "./app.ts";
import { deploymentOf } from "./deployment.ts";
import { defineEvent } from "./event.ts";
import { defineHandler } from "./handler.ts";
import { isPulseQueueError } from "./errors.ts";
import type { Schema } from "./schema.ts";

const anything: Schema = { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } };
const placed = defineEvent("order.placed", { schema: anything });
const handler = (name: string, ordered = false) => defineHandler(name, { on: placed, ordered, handle: () => undefined });

function problemsOf(environment: string, ...names: readonly string[]): readonly string[] {
  const { topology } = defineApp("orders", { handlers: names.map((name) => handler(name)) });
  try {
    deploymentOf(topology, environment);
    return [];
  } catch (thrown) {
    if (!isPulseQueueError(thrown) || thrown.code !== "DEPLOYMENT_INVALID") throw thrown;
    return thrown.issues.map((issue) => issue.message);
  }
}

it("names everything after the app, the environment and the declaration", () => {
  const { topology } = defineApp("orders", { handlers: [handler("reserve-stock"), handler("ship.order", true)] });
  const deployment = deploymentOf(topology, "prod");
  expect(deployment.journal).toBe("orders-prod-pq-journal");
  expect(deployment.handlers.get("reserve-stock")).toEqual({
    function: "orders-prod-reserve-stock",
    queue: "orders-prod-reserve-stock",
    deadLetterQueue: "orders-prod-reserve-stock-dlq",
    ordered: false,
  });
  expect(deployment.handlers.get("ship.order")?.queue).toBe("orders-prod-ship_order.fifo");
});

it("refuses names that AWS does not take, and says by how much they are too long", () => {
  expect(problemsOf("prod", "h".repeat(60))).toEqual([`orders-prod-${"h".repeat(60)} is longer than the 64 characters that AWS takes: shorten it by 8`]);
});

it("refuses two things of one name", () => {
  expect(problemsOf("prod", "ship.order", "ship_order")).toContain("it would be called orders-prod-ship_order like ship.order: rename one");
  expect(problemsOf("prod", "pq-relay").join()).toContain("rename one");
});

it("refuses an environment that is no short word", () => {
  expect(problemsOf("Prod 1", "a")).toEqual(["it must be 1 to 16 lower-case letters and digits, beginning with a letter, e.g. prod"]);
});
