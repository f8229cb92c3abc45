/** DynamoDB's transactions. */
import assert from "node:assert/strict";
import { TransactWriteItemsCommand, type TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { failure, type Behaviour } from "./behaviour.ts";
import { n, onTable, s, type Item, type Tools } from "./dynamodb.ts";

type Transact = (items: TransactWriteItem[], token?: string) => Promise<unknown>;

function onTransactions(name: string, run: (transact: Transact, tools: Tools, table: string) => Promise<void>, more: Partial<Behaviour> = {}): Behaviour {
  return onTable(
    name,
    async (tools, table, { dynamodb }) => {
      const transact: Transact = (items, token) =>
        dynamodb.send(new TransactWriteItemsCommand({ TransactItems: items, ...(token === undefined ? {} : { ClientRequestToken: token }) }));
      await run(transact, tools, table);
    },
    more,
  );
}

const putOf = (table: string, item: Item): TransactWriteItem => ({ Put: { TableName: table, Item: item } });

export const transactionBehaviours: readonly Behaviour[] = [
  onTransactions("a transaction writes everything", async (transact, { put, get, key }, table) => {
    await put("2", { a: n(1) });
    await put("3");
    await put("4");
    await transact([
      putOf(table, key("1")),
      { Update: { TableName: table, Key: key("2"), UpdateExpression: "SET a = a + :one", ExpressionAttributeValues: { ":one": n(1) } } },
      { Delete: { TableName: table, Key: key("3") } },
      { ConditionCheck: { TableName: table, Key: key("4"), ConditionExpression: "attribute_exists(p)" } },
    ]);
    assert.deepEqual(await get("1"), key("1"));
    assert.deepEqual(await get("2"), { ...key("2"), a: n(2) });
    assert.equal(await get("3"), undefined);
  }),

  onTransactions(
    "a transaction whose conditions fail writes nothing, and says why item by item, with the old item on demand",
    async (transact, { put, get, key }, table) => {
      await put("2", { v: n(7) });
      await put("3", { v: n(8) });
      const error = await failure(
        transact([
          putOf(table, key("1")),
          {
            Put: {
              TableName: table,
              Item: key("2"),
              ConditionExpression: "v = :v",
              ExpressionAttributeValues: { ":v": n(1) },
              ReturnValuesOnConditionCheckFailure: "ALL_OLD",
            },
          },
          { ConditionCheck: { TableName: table, Key: key("3"), ConditionExpression: "attribute_not_exists(p)" } },
        ]),
      );
      assert.equal(error.name, "TransactionCanceledException");
      const reasons = error.CancellationReasons ?? [];
      assert.deepEqual(
        reasons.map(({ Code }) => Code),
        ["None", "ConditionalCheckFailed", "ConditionalCheckFailed"],
      );
      assert.deepEqual([reasons[1]?.Item, reasons[2]?.Item], [{ ...key("2"), v: n(7) }, undefined]);
      assert.match(error.message, /\[None, ConditionalCheckFailed, ConditionalCheckFailed\]/);
      assert.equal(await get("1"), undefined);
      assert.deepEqual(await get("2"), { ...key("2"), v: n(7) });
    },
  ),

  onTransactions("the same item twice in one transaction is refused", async (transact, { get, key }, table) => {
    const error = await failure(transact([putOf(table, key("1")), { Delete: { TableName: table, Key: key("1") } }]));
    assert.equal(error.name, "ValidationException");
    assert.equal(await get("1"), undefined);
  }),

  onTransactions("a transaction takes 100 items, not 101 and not none", async (transact, { key, get }, table) => {
    const items = Array.from({ length: 101 }, (_, index) => putOf(table, key(String(index))));
    assert.equal((await failure(transact(items))).name, "ValidationException");
    assert.equal(await get("0"), undefined);
    await transact(items.slice(1));
    assert.deepEqual(await get("100"), key("100"));
  }),

  onTransactions(
    "a transaction without items is refused",
    async (transact) => {
      assert.equal((await failure(transact([]))).name, "ValidationException");
    },
    { motoDiffers: "it takes it" },
  ),

  onTransactions(
    "a transaction takes 4 MB, not more",
    async (transact, { key }, table) => {
      const items = (count: number): TransactWriteItem[] =>
        Array.from({ length: count }, (_, index) => putOf(table, { ...key(String(index)), a: s("x".repeat(390 * 1024)) }));
      await transact(items(10));
      assert.equal((await failure(transact(items(11)))).name, "ValidationException");
    },
    { motoDiffers: "it bounds no size" },
  ),

  onTransactions(
    "the same token and request again does nothing and succeeds",
    async (transact, { get, key }, table) => {
      const items: TransactWriteItem[] = [
        { Update: { TableName: table, Key: key("1"), UpdateExpression: "ADD a :one", ExpressionAttributeValues: { ":one": n(1) } } },
      ];
      await transact(items, "token-1");
      await transact(items, "token-1");
      assert.deepEqual(await get("1"), { ...key("1"), a: n(1) });
      await transact(items, "token-2");
      assert.deepEqual(await get("1"), { ...key("1"), a: n(2) });
    },
    { motoDiffers: "it remembers no tokens" },
  ),

  onTransactions(
    "the same token with another request is refused",
    async (transact, { get, key }, table) => {
      await transact([putOf(table, key("1"))], "token-3");
      const error = await failure(transact([putOf(table, key("2"))], "token-3"));
      assert.equal(error.name, "IdempotentParameterMismatchException");
      assert.equal(await get("2"), undefined);
    },
    { motoDiffers: "it remembers no tokens" },
  ),

  onTransactions("a transaction that was cancelled may be sent again with its token", async (transact, { put, get, key }, table) => {
    const items: TransactWriteItem[] = [
      { Put: { TableName: table, Item: { ...key("1"), done: n(1) }, ConditionExpression: "a = :one", ExpressionAttributeValues: { ":one": n(1) } } },
    ];
    assert.equal((await failure(transact(items, "token-4"))).name, "TransactionCanceledException");
    await put("1", { a: n(1) });
    await transact(items, "token-4");
    assert.deepEqual(await get("1"), { ...key("1"), done: n(1) });
  }),

  onTransactions(
    "a failing update cancels the transaction",
    async (transact, { put, get, key }, table) => {
      await put("1", { a: s("text") });
      const error = await failure(
        transact([
          putOf(table, key("2")),
          { Update: { TableName: table, Key: key("1"), UpdateExpression: "SET a = a + :one", ExpressionAttributeValues: { ":one": n(1) } } },
        ]),
      );
      assert.equal(error.name, "TransactionCanceledException");
      const reasons = error.CancellationReasons ?? [];
      assert.deepEqual(
        reasons.map(({ Code }) => Code),
        ["None", "ValidationError"],
      );
      assert.equal(await get("2"), undefined);
    },
    { motoDiffers: "it fails the request, without reasons" },
  ),
];
