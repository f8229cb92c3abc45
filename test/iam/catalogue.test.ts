import { expect, test } from "vitest";
import { catalogueFile } from "../../scripts/iam-catalogue.ts";
import { cataloguedActions, findAction, supportsKey, typesOf } from "../../src/audit/iam/catalogue.ts";
import { readSource } from "../crash/build.ts";

test("the catalogue is what the script writes", async () => {
  expect(readSource("src/audit/iam/catalogue-data.ts")).toBe(await catalogueFile());
});

test("each action that accepts only * is known as such: the list grows by decision", () => {
  const only = cataloguedActions.filter(({ types }) => types.length === 0).map(({ name }) => name);
  expect(only).toMatchSnapshot();
  expect(only).toContain("xray:PutTraceSegments");
});

test("an ARN is of the type that says most about it", () => {
  const get = findAction("dynamodb:query");
  const index = "arn:aws:dynamodb:eu-west-1:111111111111:table/t/index/i";
  expect(get === undefined ? undefined : typesOf(get, index).map(({ name }) => name)).toEqual(["index"]);
  const item = findAction("dynamodb:GetItem");
  expect(item === undefined ? undefined : typesOf(item, index.replace("/index/i", "")).map(({ name }) => name)).toEqual(["table"]);
  expect(item === undefined ? undefined : typesOf(item, index)).toEqual([]);
});

test("a key is supported where the reference says so, and the keys of tags only there", () => {
  const [read, put] = [findAction("cloudwatch:GetMetricData"), findAction("cloudwatch:PutMetricData")];
  expect([read, put].map((action) => action !== undefined && supportsKey(action, "cloudwatch:namespace"))).toEqual([false, true]);
  expect(read !== undefined && supportsKey(read, "aws:SourceIp")).toBe(true);
  expect(read !== undefined && supportsKey(read, "aws:RequestTag/team")).toBe(false);
});
