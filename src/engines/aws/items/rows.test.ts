import { expect, test } from "vitest";
import { defineTable, rowKey, indexEntries } from "../../../core/table.ts";
import { shape } from "../../../testing/contract/fixtures.ts";
import { sizeOf } from "./attributes.ts";
import { readFound, readRow, rowCondition, rowItem } from "./rows.ts";

const lines = defineTable("lines", {
  schema: shape({ order: "string", line: "number", sku: "string" }),
  key: ["order", "line"],
  indexes: { bySku: "sku", bySkuAndLine: ["sku", "line"] },
});

const itemOf = (row: { readonly order: string; readonly line: number; readonly sku: string }): ReturnType<typeof rowItem> =>
  rowItem({ table: "lines", key: rowKey(lines, row), body: JSON.stringify(row), indexes: indexEntries(lines, row) }, 7);

test("a row's key is parted into what DynamoDB spreads by and what it sorts by, and put together again", () => {
  const row = { order: "o1", line: 2, sku: "a" };
  const item = itemOf(row);
  expect(item["p"]?.S).toBe("so1\u0000");
  expect(readRow(item)).toEqual({ key: rowKey(lines, row), body: JSON.stringify(row), version: 7 });
});

test("what a query begins with becomes a condition on the keys of table or index", () => {
  expect(rowCondition(undefined, "so1\u0000")).toEqual({ hash: "p", sort: "s", first: "so1\u0000", rest: "" });
  expect(rowCondition("bySkuAndLine", "sa\u0000n1\u0000")).toEqual({ hash: "x_bySkuAndLine", sort: "y_bySkuAndLine", first: "sa\u0000", rest: "n1\u0000" });
  expect(rowCondition(undefined, "")).toBeUndefined();
});

test("a found row tells its place in the index, and is none where it no longer matches", () => {
  const row = { order: "o1", line: 2, sku: "a" };
  const key = rowKey(lines, row);
  expect(readFound(lines, "bySku", "sa\u0000", itemOf(row))?.order).toBe(`sa\u0000${key}`);
  expect(readFound(lines, "bySkuAndLine", "sa\u0000", itemOf(row))?.order).toBe(`${indexEntries(lines, row).get("bySkuAndLine") ?? ""}${key}`);
  expect(readFound(lines, "bySku", "sb\u0000", itemOf(row))).toBeUndefined();
});

test("a sort key of the longest fields is no longer than DynamoDB takes, and holds whole characters", () => {
  const longest = "€".repeat(256);
  const item = itemOf({ order: longest, line: 1, sku: longest });
  for (const name of ["s", "y_bySku", "y_bySkuAndLine"]) expect(Buffer.byteLength(item[name]?.S ?? "")).toBeLessThanOrEqual(1_024);
  expect(item["y_bySku"]?.S).not.toContain("\uFFFD");
  expect(readFound(lines, "bySkuAndLine", "", item)?.row.key).toBe(rowKey(lines, { order: longest, line: 1, sku: longest }));
});

test("the size of an item counts names and values in UTF-8", () => {
  expect(sizeOf({ p: { S: "ä" }, v: { N: "12" } })).toBe(1 + 2 + 1 + 1 + 2 + 1);
});
