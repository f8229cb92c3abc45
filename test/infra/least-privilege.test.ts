/** The comparison itself: a grant too few, a grant too many and a grant that is not meant each turn it red. */
import { expect, test } from "vitest";
import { defineApp, defineEvent, defineHandler, defineTable, type App } from "pulsequeue";
import { shape } from "../../src/testing/contract/fixtures.ts";
import type { Statement } from "../../src/audit/iam/types.ts";
import { openOn } from "../aws/life.ts";
import { openLedger, verdictOf, witnessOf, type Verdict } from "./least-privilege.ts";
import type { Stack } from "./stack.ts";

const placed = defineEvent("placed", { schema: shape({ id: "string" }) });
const counts = defineTable("counts", { schema: shape({ id: "string", n: "number" }), key: "id" });
const count = defineHandler("count", {
  on: placed,
  writes: [counts],
  handle({ data }, ctx) {
    ctx.tables.counts.put({ id: data.id, n: 1 });
  },
});
const app = defineApp("shop", { handlers: [count] });

/** The handler's policy, changed. */
function planted(change: (statements: readonly Statement[]) => readonly Statement[]): (stack: Stack) => Stack {
  return (stack) => ({
    ...stack,
    policies: new Map(
      [...stack.policies].map(([name, policy]) => [name, name === "role.shop-test-count" ? { ...policy, statements: change(policy.statements) } : policy]),
    ),
  });
}

async function judge(deployed: App, plant?: (stack: Stack) => Stack): Promise<Verdict> {
  const ledger = openLedger();
  const engine = await openOn(deployed, {}, { witness: witnessOf(ledger, plant) });
  await engine.queue.publish(placed, { id: "o-1" });
  await engine.settle();
  await engine.dispose();
  return verdictOf(ledger, new Map());
}

const ofHandler = ({ unused }: Verdict): readonly string[] => unused.filter((grant) => grant.startsWith("handler WriteTables"));

test("what is granted and used is neither missing nor too much", async () => {
  const verdict = await judge(app);
  expect(verdict.ungranted).toEqual([]);
  // It deletes no row.
  expect(ofHandler(verdict)).toEqual(["handler WriteTables dynamodb:DeleteItem"]);
});

test("a grant that is taken away leaves a request that no statement allows", async () => {
  const { ungranted } = await judge(
    app,
    planted((statements) => statements.filter(({ sid }) => sid !== "WriteTables")),
  );
  expect(ungranted).toEqual([expect.stringMatching(/^shop-test-count: dynamodb:PutItem on \S+table\/shop-test-counts .*no statement says/)]);
});

test("a grant that is added is never used", async () => {
  const add = (statements: readonly Statement[]): readonly Statement[] =>
    statements.map((statement) =>
      statement.sid === "WriteTables" ? { ...statement, actions: { not: false, items: [...statement.actions.items, "dynamodb:UpdateItem"] } } : statement,
    );
  expect(ofHandler(await judge(app, planted(add)))).toContain("handler WriteTables dynamodb:UpdateItem");
});

test("a condition that no request meets is as good as no grant", async () => {
  const foreign = (statements: readonly Statement[]): readonly Statement[] =>
    statements.map((statement) =>
      statement.sid === "OwnDeliveries"
        ? { ...statement, conditions: statement.conditions.map((condition) => (condition.test === "Null" ? condition : { ...condition, values: ["other#*"] })) }
        : statement,
    );
  expect((await judge(app, planted(foreign))).ungranted).toEqual([expect.stringMatching(/^shop-test-count: dynamodb:PutItem on \S+pq-deliveries /)]);
});

test("what AWS is said to ask for must be granted, and must not be what the engine uses", () => {
  const ledger = openLedger();
  ledger.granted.add("handler WriteTables dynamodb:PutItem").add("relay FindStreams dynamodb:ListStreams");
  ledger.used.add("handler WriteTables dynamodb:PutItem");
  const why = "AWS asks";
  const byAws = new Map([
    ["handler WriteTables dynamodb:PutItem", why],
    ["relay FindStreams dynamodb:ListStreams", why],
    ["relay FindStreams dynamodb:ListTables", why],
  ]);
  expect(verdictOf(ledger, byAws)).toEqual({
    needed: [],
    unused: [],
    ungranted: [],
    misplaced: ["handler WriteTables dynamodb:PutItem is used", "relay FindStreams dynamodb:ListTables is not granted"],
  });
});
