/** DynamoDB's conditions, queries and indexes. */
import assert from "node:assert/strict";
import type { QueryCommandOutput } from "@aws-sdk/client-dynamodb";
import type { Behaviour } from "./behaviour.ts";
import { failure } from "./behaviour.ts";
import { n, onTable, s, type Item } from "./dynamodb.ts";

const partitionsOf = (page: QueryCommandOutput): (string | undefined)[] => (page.Items ?? []).map((item) => item["p"]?.S);
const sortKeysOf = (page: QueryCommandOutput): (string | undefined)[] => (page.Items ?? []).map((item) => item["s"]?.S);

/** The stored item of the table of conditions below. */
const item: Item = { a: n(5), t: s("hello"), l: { L: [s("x"), n(1)] }, m: { M: { child: s("deep") } }, tags: { SS: ["x", "y"] }, "odd.name": n(1) };

/** Condition, its values, its names, and whether it is true of `item`. */
const conditions: readonly (readonly [text: string, values: Item, names: Record<string, string>, isTrue: boolean, motoDiffers?: string])[] = [
  ["attribute_exists(a)", {}, {}, true],
  ["attribute_exists(absent)", {}, {}, false],
  ["attribute_not_exists(absent)", {}, {}, true],
  ["attribute_not_exists(a)", {}, {}, false],
  ["attribute_exists(m.child) AND attribute_exists(l[1]) AND attribute_not_exists(l[2])", {}, {}, true],
  ["a = :v", { ":v": n("5.0") }, {}, true],
  ["a = :v", { ":v": s("5") }, {}, false],
  ["a <> :v", { ":v": s("5") }, {}, true],
  ["absent <> :v", { ":v": n(1) }, {}, true],
  ["absent = :v", { ":v": n(1) }, {}, false],
  ["absent < :v", { ":v": n(1) }, {}, false],
  ["a < :v", { ":v": n(10) }, {}, true],
  ["a >= :v", { ":v": n(5) }, {}, true],
  ["a > :v", { ":v": s("1") }, {}, false, "it fails by accident, without a name"],
  ["t > :v", { ":v": s("hell") }, {}, true],
  ["NOT a = :v", { ":v": n(6) }, {}, true],
  ["not (a = :v or t = :t)", { ":v": n(6), ":t": s("hello") }, {}, false],
  ["a = :no OR a = :v AND t = :t", { ":no": n(1), ":v": n(5), ":t": s("hello") }, {}, true],
  ["(a = :v OR a = :no) AND t = :no2", { ":v": n(5), ":no": n(1), ":no2": s("x") }, {}, false],
  ["begins_with(t, :v)", { ":v": s("he") }, {}, true],
  ["begins_with(t, :v)", { ":v": s("lo") }, {}, false],
  ["contains(t, :v)", { ":v": s("ell") }, {}, true],
  ["contains(tags, :v)", { ":v": s("y") }, {}, true],
  ["contains(l, :v)", { ":v": n(1) }, {}, true],
  ["contains(l, :v)", { ":v": s("1") }, {}, false],
  ["size(t) = :v", { ":v": n(5) }, {}, true],
  ["size(l) > :v", { ":v": n(2) }, {}, false],
  ["a IN (:x, :y)", { ":x": n(1), ":y": n(5) }, {}, true],
  ["a IN (:x)", { ":x": n(1) }, {}, false],
  ["a BETWEEN :x AND :y", { ":x": n(5), ":y": n(6) }, {}, true],
  ["a BETWEEN :x AND :y AND t = :t", { ":x": n(1), ":y": n(6), ":t": s("no") }, {}, false],
  ["#o = :v", { ":v": n(1) }, { "#o": "odd.name" }, true],
  ["l = :v", { ":v": { L: [s("x"), n(1)] } }, {}, true],
  ["attribute_type(t, :v)", { ":v": s("S") }, {}, true],
];

const refused: readonly (readonly [why: string, text: string, values: Item, names: Record<string, string>, motoDiffers?: string])[] = [
  ["a reserved word", "status = :v", { ":v": s("x") }, {}],
  ["a value that is not given", "a = :v", {}, {}, "it fails by accident, without a name"],
  ["a name that is not given", "#a = :v", { ":v": s("x") }, { "#b": "a" }, "it fails by accident, without a name"],
  ["a value that is not used", "a = :v", { ":v": s("x"), ":w": s("y") }, {}, "it takes it"],
  ["a name that is not used", "a = :v", { ":v": s("x") }, { "#a": "a" }],
  ["no comparison", "a", {}, {}, "it takes an operand for a condition"],
  ["half an expression", "a = :v AND", { ":v": s("x") }, {}, "it takes it"],
];

export const conditionBehaviours: readonly Behaviour[] = [
  ...conditions.map(([text, values, names, isTrue, motoDiffers]) =>
    onTable(
      `condition ${text} with ${JSON.stringify(values)} is ${String(isTrue)}`,
      async ({ put, putIf }) => {
        await put("1", item);
        const more = Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names };
        if (isTrue) await putIf("1", text, values, more);
        else {
          const error = await failure(putIf("1", text, values, more));
          assert.equal(error.name, "ConditionalCheckFailedException");
          assert.equal(error.message, "The conditional request failed");
        }
      },
      differing(motoDiffers),
    ),
  ),
  ...refused.map(([why, text, values, names, motoDiffers]) =>
    onTable(
      `a condition with ${why} is refused`,
      async ({ put, putIf }) => {
        await put("1", item);
        const more = Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names };
        assert.equal((await failure(putIf("1", text, values, more))).name, "ValidationException");
      },
      differing(motoDiffers),
    ),
  ),
  onTable("a condition that is refused answers the item on demand, and changes nothing", async ({ put, putIf, get, key }) => {
    await put("1", { a: n(1) });
    const error = await failure(putIf("1", "attribute_not_exists(p)", {}, { ReturnValuesOnConditionCheckFailure: "ALL_OLD" }));
    assert.deepEqual(error.Item, { ...key("1"), a: n(1) });
    assert.deepEqual(await get("1"), { ...key("1"), a: n(1) });
  }),
  onTable("an update of one attribute twice is refused", async ({ update }) => {
    assert.equal((await failure(update("1", "SET a = :v, a = :w", { ":v": n(1), ":w": n(2) }))).name, "ValidationException");
  }),
];

function differing(motoDiffers: string | undefined): Partial<Behaviour> {
  return motoDiffers === undefined ? {} : { motoDiffers };
}

export const queryBehaviours: readonly Behaviour[] = [
  onTable("a query gives one partition in the order of its sort keys, or the other way round", async ({ put, query }) => {
    for (const sk of ["b", "a", "c", "B"]) await put("1", {}, sk);
    await put("2", {}, "a");
    const base = { KeyConditionExpression: "p = :p", ExpressionAttributeValues: { ":p": s("1") } };
    assert.deepEqual(sortKeysOf(await query(base)), ["B", "a", "b", "c"]);
    assert.deepEqual(sortKeysOf(await query({ ...base, ScanIndexForward: false })), ["c", "b", "a", "B"]);
  }),

  onTable("a query by begins_with, between and comparisons", async ({ put, query }) => {
    for (const sk of ["a1", "a2", "b1", "c"]) await put("1", {}, sk);
    const found = async (condition: string, values: Item): Promise<unknown> =>
      sortKeysOf(await query({ KeyConditionExpression: `p = :p AND ${condition}`, ExpressionAttributeValues: { ":p": s("1"), ...values } }));
    assert.deepEqual(await found("begins_with(s, :v)", { ":v": s("a") }), ["a1", "a2"]);
    assert.deepEqual(await found("s BETWEEN :v AND :w", { ":v": s("a2"), ":w": s("b1") }), ["a2", "b1"]);
    assert.deepEqual(await found("s < :v", { ":v": s("b1") }), ["a1", "a2"]);
    assert.deepEqual(await found("s >= :v", { ":v": s("b1") }), ["b1", "c"]);
    assert.deepEqual(await found("s = :v", { ":v": s("c") }), ["c"]);
  }),

  onTable("a query goes on after its last key, also when that item is there no more", async ({ put, query, get }, table, { dynamodb }) => {
    for (const sk of ["a", "b", "c", "d"]) await put("1", {}, sk);
    const base = { KeyConditionExpression: "p = :p", ExpressionAttributeValues: { ":p": s("1") } };
    const first = await query({ ...base, Limit: 2 });
    assert.deepEqual([sortKeysOf(first), first.LastEvaluatedKey], [["a", "b"], { p: s("1"), s: s("b") }]);
    const { DeleteItemCommand } = await import("@aws-sdk/client-dynamodb");
    await dynamodb.send(new DeleteItemCommand({ TableName: table, Key: { p: s("1"), s: s("b") } }));
    assert.equal(await get("1", "b"), undefined);
    const second = await query({ ...base, ExclusiveStartKey: first.LastEvaluatedKey });
    assert.deepEqual([sortKeysOf(second), second.LastEvaluatedKey], [["c", "d"], undefined]);
  }),

  onTable("a limit counts items before the filter", async ({ put, query }) => {
    for (const sk of ["a", "b", "c"]) await put("1", { keep: { BOOL: sk === "c" } }, sk);
    const page = await query({
      KeyConditionExpression: "p = :p",
      FilterExpression: "keep = :yes",
      ExpressionAttributeValues: { ":p": s("1"), ":yes": { BOOL: true } },
      Limit: 2,
    });
    assert.deepEqual([page.Items, page.Count, page.ScannedCount, page.LastEvaluatedKey], [[], 0, 2, { p: s("1"), s: s("b") }]);
  }),

  onTable("a query without the partition key, or with another condition, is refused", async ({ query }) => {
    const send = async (KeyConditionExpression: string): Promise<string> =>
      (await failure(query({ KeyConditionExpression, ExpressionAttributeValues: { ":v": s("1") } }))).name;
    assert.equal(await send("s = :v"), "ValidationException");
    assert.equal(await send("p > :v"), "ValidationException");
  }),

  onTable("a projection gives the named attributes only; a count gives none", async ({ put, query }) => {
    await put("1", { a: n(1), b: n(2) });
    const base = { KeyConditionExpression: "p = :p", ExpressionAttributeValues: { ":p": s("1") } };
    assert.deepEqual((await query({ ...base, ProjectionExpression: "#a, p", ExpressionAttributeNames: { "#a": "a" } })).Items, [{ p: s("1"), a: n(1) }]);
    const { Items: items, Count: count } = await query({ ...base, Select: "COUNT" });
    assert.deepEqual([items, count], [undefined, 1]);
  }),

  onTable("an index has the items with its keys, ordered by its numbers, with everything or the keys alone", async ({ put, query }) => {
    await put("1", { g: s("x"), h: n(10), more: s("a") });
    await put("2", { g: s("x"), h: n(9) });
    await put("3", { g: s("x"), h: n(-1) });
    await put("4", { g: s("x") });
    await put("5", { h: n(1) });
    const byG = { KeyConditionExpression: "g = :g", ExpressionAttributeValues: { ":g": s("x") } };
    const all = await query({ ...byG, IndexName: "all" });
    assert.deepEqual(partitionsOf(all), ["3", "2", "1"]);
    assert.deepEqual(all.Items?.[2], { p: s("1"), s: s("-"), g: s("x"), h: n(10), more: s("a") });
    const keys = await query({ ...byG, IndexName: "keys" });
    assert.deepEqual(partitionsOf(keys).sort(), ["1", "2", "3", "4"]);
    assert.deepEqual(
      keys.Items?.find((found) => found["p"]?.S === "1"),
      { p: s("1"), s: s("-"), g: s("x") },
    );
  }),

  onTable("an index follows changes and deletes, and goes on by both keys", async ({ put, query, update }) => {
    for (const [index, p] of ["1", "2", "3"].entries()) await put(p, { g: s("x"), h: n(index) });
    await update("1", "SET h = :h", { ":h": n(9) });
    await update("2", "REMOVE g");
    const base = { IndexName: "all", KeyConditionExpression: "g = :g AND h >= :h", ExpressionAttributeValues: { ":g": s("x"), ":h": n(0) } };
    const first = await query({ ...base, Limit: 1 });
    assert.deepEqual([partitionsOf(first), first.LastEvaluatedKey], [["3"], { p: s("3"), s: s("-"), g: s("x"), h: n(2) }]);
    assert.deepEqual(partitionsOf(await query({ ...base, ExclusiveStartKey: first.LastEvaluatedKey })), ["1"]);
  }),

  onTable("an index is not read consistently", async ({ query }) => {
    const read = query({ IndexName: "all", ConsistentRead: true, KeyConditionExpression: "g = :g", ExpressionAttributeValues: { ":g": s("x") } });
    assert.equal((await failure(read)).name, "ValidationException");
  }),

  onTable(
    "an index that is not there is refused",
    async ({ query }) => {
      const read = query({ IndexName: "no", KeyConditionExpression: "g = :g", ExpressionAttributeValues: { ":g": s("x") } });
      assert.equal((await failure(read)).name, "ValidationException");
    },
    { motoDiffers: "it says ResourceNotFoundException" },
  ),

  onTable(
    "an index takes no key of another type",
    async ({ put }) => {
      assert.equal((await failure(put("1", { g: n(1), h: n(1) }))).name, "ValidationException");
    },
    { motoDiffers: "it takes it" },
  ),

  onTable("an index takes no empty key", async ({ put }) => {
    assert.equal((await failure(put("1", { g: s(""), h: n(1) }))).name, "ValidationException");
  }),
];
