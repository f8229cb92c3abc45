/** DynamoDB as its developer guide and API reference describe it. */
import assert from "node:assert/strict";
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  UpdateItemCommand,
  type AttributeValue,
  type QueryCommandInput,
} from "@aws-sdk/client-dynamodb";
import { failure, type Behaviour, type Place } from "./behaviour.ts";

export type Item = Record<string, AttributeValue>;

export const s = (text: string): AttributeValue => ({ S: text });
export const n = (value: number | string): AttributeValue => ({ N: String(value) });

/** A table with keys `p` and `s`, and two indexes: `all` by `g`, `h` with everything; `keys` by `g` with keys only. */
export async function createTable({ dynamodb, unique }: Place): Promise<string> {
  const name = unique("table");
  await dynamodb.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [
        { AttributeName: "p", KeyType: "HASH" },
        { AttributeName: "s", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "p", AttributeType: "S" },
        { AttributeName: "s", AttributeType: "S" },
        { AttributeName: "g", AttributeType: "S" },
        { AttributeName: "h", AttributeType: "N" },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: "all",
          KeySchema: [
            { AttributeName: "g", KeyType: "HASH" },
            { AttributeName: "h", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "ALL" },
        },
        { IndexName: "keys", KeySchema: [{ AttributeName: "g", KeyType: "HASH" }], Projection: { ProjectionType: "KEYS_ONLY" } },
      ],
    }),
  );
  return name;
}

export function tools(place: Place, table: string) {
  const { dynamodb } = place;
  const key = (p: string, sk = "-"): Item => ({ p: s(p), s: s(sk) });
  return {
    key,
    put: (p: string, more: Item = {}, sk = "-") => dynamodb.send(new PutItemCommand({ TableName: table, Item: { ...key(p, sk), ...more } })),
    get: async (p: string, sk = "-") => (await dynamodb.send(new GetItemCommand({ TableName: table, Key: key(p, sk), ConsistentRead: true }))).Item,
    update: (p: string, UpdateExpression: string, values: Item = {}, more: object = {}) =>
      dynamodb.send(
        new UpdateItemCommand({
          TableName: table,
          Key: key(p),
          UpdateExpression,
          ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
          ...more,
        }),
      ),
    putIf: (p: string, condition: string, values: Item = {}, more: object = {}) =>
      dynamodb.send(
        new PutItemCommand({
          TableName: table,
          Item: { ...key(p), put: s("yes") },
          ConditionExpression: condition,
          ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
          ...more,
        }),
      ),
    query: (input: Omit<QueryCommandInput, "TableName">) => dynamodb.send(new QueryCommand({ TableName: table, ...input })),
  };
}

export type Tools = ReturnType<typeof tools>;

/** A behaviour over a table of its own. */
export function onTable(name: string, run: (tools: Tools, table: string, place: Place) => Promise<void>, more: Partial<Behaviour> = {}): Behaviour {
  return {
    name,
    run: async (place) => {
      const table = await createTable(place);
      await run(tools(place, table), table, place);
    },
    ...more,
  };
}

function writerOf(table: string, dynamodb: Place["dynamodb"]): (items: Item[]) => Promise<unknown> {
  return (items) => dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [table]: items.map((item) => ({ PutRequest: { Item: item } })) } }));
}

export const itemBehaviours: readonly Behaviour[] = [
  onTable("an item is read as it was written, and not at all where there is none", async ({ put, get }) => {
    const item: Item = { text: s("a"), yes: { BOOL: true }, nothing: { NULL: true }, list: { L: [n(1), s("x")] }, map: { M: { a: n(2) } } };
    await put("1", item);
    assert.deepEqual(await get("1"), { p: s("1"), s: s("-"), ...item });
    assert.equal(await get("2"), undefined);
  }),

  onTable("a put replaces the whole item; an old one is answered on demand", async ({ put, get, key }, table, { dynamodb }) => {
    await put("1", { a: n(1) });
    const old = await dynamodb.send(new PutItemCommand({ TableName: table, Item: { ...key("1"), b: n(2) }, ReturnValues: "ALL_OLD" }));
    assert.deepEqual(old.Attributes, { ...key("1"), a: n(1) });
    assert.deepEqual(await get("1"), { ...key("1"), b: n(2) });
  }),

  onTable("a delete of nothing is fine, one of an item answers it on demand", async ({ put, get, key }, table, { dynamodb }) => {
    await dynamodb.send(new DeleteItemCommand({ TableName: table, Key: key("1") }));
    await put("1", { a: n(1) });
    const { Attributes: old } = await dynamodb.send(new DeleteItemCommand({ TableName: table, Key: key("1"), ReturnValues: "ALL_OLD" }));
    assert.deepEqual(old, { ...key("1"), a: n(1) });
    assert.equal(await get("1"), undefined);
  }),

  onTable("an update sets, counts, appends, removes, and makes the item where there is none", async ({ update, get, key }) => {
    await update("1", "SET a = if_not_exists(a, :zero) + :one, l = if_not_exists(l, :empty)", { ":zero": n(0), ":one": n(1), ":empty": { L: [] } });
    await update("1", "SET a = a + :one, l = list_append(l, :more) ADD c :five", { ":one": n(1), ":more": { L: [s("x")] }, ":five": n(5) });
    assert.deepEqual(await get("1"), { ...key("1"), a: n(2), l: { L: [s("x")] }, c: n(5) });
    await update("1", "SET b = a - :one REMOVE a, l ADD c :minus", { ":one": n(1), ":minus": n(-7) });
    assert.deepEqual(await get("1"), { ...key("1"), b: n(1), c: n(-2) });
  }),

  onTable("a set grows and shrinks, and is gone without members", async ({ update, get, key }) => {
    await update("1", "ADD t :a", { ":a": { SS: ["x", "y"] } });
    await update("1", "DELETE t :a", { ":a": { SS: ["x", "z"] } });
    assert.deepEqual(await get("1"), { ...key("1"), t: { SS: ["y"] } });
    await update("1", "DELETE t :a", { ":a": { SS: ["y"] } });
    assert.deepEqual(await get("1"), key("1"));
  }),

  onTable("an update answers the new item on demand", async ({ update, key }) => {
    const { Attributes: fresh } = await update("1", "SET a = :one", { ":one": n(1) }, { ReturnValues: "ALL_NEW" });
    assert.deepEqual(fresh, { ...key("1"), a: n(1) });
  }),

  onTable("numbers are exact up to 38 digits", async ({ put, update, get }) => {
    const large = "99999999999999999999999999999999999998";
    await put("1", { a: n(large), b: n("0.1") });
    await update("1", "SET a = a + :one, b = b + :fraction", { ":one": n(1), ":fraction": n("0.2") });
    const item = await get("1");
    assert.equal(item?.["a"]?.N, "99999999999999999999999999999999999999");
    assert.equal(item["b"]?.N, "0.3");
  }),

  onTable(
    "a number with 39 digits is refused, and one in another form is stored in the one form",
    async ({ put, get }) => {
      assert.equal((await failure(put("1", { a: n("1".repeat(39)) }))).name, "ValidationException");
      await put("1", { a: n("1.50"), b: n("1e2"), c: n("-0.0") });
      const item = await get("1");
      assert.deepEqual([item?.["a"]?.N, item?.["b"]?.N, item?.["c"]?.N], ["1.5", "100", "0"]);
    },
    { motoDiffers: "it keeps the text of a number as it was sent, and bounds no digits" },
  ),

  onTable("keys must be given, of their type, not empty and not too long", async ({ put, key }, table, { dynamodb }) => {
    const send = async (item: Item): Promise<string> => (await failure(dynamodb.send(new PutItemCommand({ TableName: table, Item: item })))).name;
    assert.equal(await send({ p: s("1") }), "ValidationException");
    assert.equal(await send({ p: n(1), s: s("-") }), "ValidationException");
    assert.equal(await send(key("")), "ValidationException");
    assert.equal(await send(key("p".repeat(2_049))), "ValidationException");
    assert.equal(await send(key("p", "s".repeat(1_025))), "ValidationException");
    await put("p".repeat(2_048), {}, "s".repeat(1_024));
    const wrong = await failure(dynamodb.send(new GetItemCommand({ TableName: table, Key: { p: s("1") } })));
    assert.equal(wrong.name, "ValidationException");
  }),

  onTable("an item above 400 KiB is refused", async ({ put }) => {
    await put("1", { a: s("x".repeat(390 * 1024)) });
    assert.equal((await failure(put("1", { a: s("x".repeat(400 * 1024)) }))).name, "ValidationException");
  }),

  onTable("the key of an item cannot be updated", async ({ update }) => {
    const error = await failure(update("1", "SET p = :p", { ":p": s("2") }));
    assert.equal(error.name, "ValidationException");
  }),

  onTable("an update that reads what is not there, or counts a text, is refused and changes nothing", async ({ put, update, get, key }) => {
    await put("1", { a: s("text") });
    assert.equal((await failure(update("1", "SET b = absent + :one", { ":one": n(1) }))).name, "ValidationException");
    assert.equal((await failure(update("1", "SET a = a + :one", { ":one": n(1) }))).name, "ValidationException");
    assert.deepEqual(await get("1"), { ...key("1"), a: s("text") });
  }),

  onTable("a table that does not exist is a ResourceNotFoundException", async (_tools, _table, { dynamodb }) => {
    const error = await failure(dynamodb.send(new GetItemCommand({ TableName: "nobody-made-this", Key: { p: s("1"), s: s("-") } })));
    assert.equal(error.name, "ResourceNotFoundException");
  }),

  onTable("a batch reads what is there, in no order, and refuses the same key twice", async ({ put, key }, table, { dynamodb }) => {
    await put("1");
    await put("2");
    const read = (keys: Item[]) => dynamodb.send(new BatchGetItemCommand({ RequestItems: { [table]: { Keys: keys, ConsistentRead: true } } }));
    const { Responses: found, UnprocessedKeys: left } = await read([key("1"), key("2"), key("3")]);
    assert.deepEqual(found?.[table]?.map((item) => item["p"]?.S).sort(), ["1", "2"]);
    assert.deepEqual(left, {});
    assert.equal((await failure(read([key("1"), key("1")]))).name, "ValidationException");
    assert.equal((await failure(read(Array.from({ length: 101 }, (_, index) => key(String(index)))))).name, "ValidationException");
  }),

  onTable(
    "a batch writes at most 25 items",
    async ({ get, key }, table, { dynamodb }) => {
      const write = writerOf(table, dynamodb);
      await write([key("1"), key("2")]);
      assert.deepEqual(await get("2"), key("2"));
      assert.equal((await failure(write(Array.from({ length: 26 }, (_, index) => key(String(index)))))).name, "ValidationException");
    },
    { motoDiffers: "it takes more" },
  ),

  onTable(
    "a batch writes no item twice",
    async ({ key }, table, { dynamodb }) => {
      assert.equal((await failure(writerOf(table, dynamodb)([key("1"), key("1")]))).name, "ValidationException");
    },
    { motoDiffers: "it writes it twice" },
  ),

  onTable("items are read together, those that are not there as empty answers", async ({ put, key }, table, { dynamodb }) => {
    await put("1", { a: n(1) });
    const { Responses: found } = await dynamodb.send(
      new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName: table, Key: key("1") } }, { Get: { TableName: table, Key: key("2") } }] }),
    );
    assert.deepEqual(
      found?.map(({ Item: item }) => item),
      [{ ...key("1"), a: n(1) }, undefined],
    );
  }),

  onTable("a scan reads everything, page by page", async ({ put }, table, { dynamodb }) => {
    for (const p of ["1", "2", "3"]) await put(p);
    const seen: (string | undefined)[] = [];
    let start: Item | undefined;
    do {
      const page = await dynamodb.send(new ScanCommand({ TableName: table, Limit: 2, ExclusiveStartKey: start }));
      seen.push(...(page.Items ?? []).map((item) => item["p"]?.S));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    assert.deepEqual(seen.sort(), ["1", "2", "3"]);
  }),
];
