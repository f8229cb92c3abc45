/** Items of DynamoDB as plain data. Attribute names are short: every byte of an item is stored, written and paid for. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { PulseQueueError } from "../../../core/errors.ts";

export type Item = Record<string, AttributeValue>;

/** Texts and numbers as an item; what is `undefined` is left out. */
export function toItem(fields: Readonly<Record<string, string | number | undefined>>): Item {
  const item: Item = {};
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string") item[name] = { S: value };
    else if (value !== undefined) item[name] = { N: String(value) };
  }
  return item;
}

export function textOf(item: Item, name: string): string | undefined {
  return item[name]?.S;
}

export function numberOf(item: Item, name: string): number | undefined {
  const value = item[name]?.N;
  return value === undefined ? undefined : Number(value);
}

/** Throws `STORE_CORRUPT` where the attribute is missing. */
export function needText(item: Item, name: string): string {
  return textOf(item, name) ?? missing(item, name);
}

/** Throws `STORE_CORRUPT` where the attribute is missing. */
export function needNumber(item: Item, name: string): number {
  return numberOf(item, name) ?? missing(item, name);
}

function missing(item: Item, name: string): never {
  throw new PulseQueueError("STORE_CORRUPT", `The item ${String(item["p"]?.S)} has no attribute ${name}`);
}

/** The size that DynamoDB counts: names and values in UTF-8. */
export function sizeOf(item: Item): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) bytes += name.length + Buffer.byteLength(value.S ?? value.N ?? "") + 1;
  return bytes;
}
