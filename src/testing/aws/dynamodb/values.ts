/** Attribute values: what may be stored, how large it is, and how two of them compare. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { UnsupportedByFake, validation } from "../service/errors.ts";
import { canonicalNumber, compareNumbers } from "./decimal.ts";

export type Item = Readonly<Record<string, AttributeValue>>;

const types = ["S", "N", "BOOL", "NULL", "M", "L", "SS", "NS"] as const;
export type ValueType = (typeof types)[number];

const deepest = 32;

export function typeOf(value: AttributeValue): ValueType {
  const found = types.find((type) => value[type] !== undefined);
  if (found === undefined) throw new UnsupportedByFake(`an attribute value of type ${Object.keys(value).join(", ")}`);
  return found;
}

/** A copy of `value` as it is stored: numbers in their one form. Throws as the service does for what cannot be stored. */
export function storable(value: AttributeValue, depth = 0): AttributeValue {
  const given = Object.keys(value).filter((key) => value[key as ValueType] !== undefined);
  if (given.length !== 1) {
    throw validation(
      given.length === 0
        ? "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        : "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    );
  }
  if (depth > deepest) throw validation("Nesting Levels have exceeded supported limits");
  if (typeof value.S === "string") return { S: value.S };
  if (typeof value.N === "string") return { N: canonicalNumber(value.N) };
  if (typeof value.BOOL === "boolean") return { BOOL: value.BOOL };
  if (value.NULL === true) return { NULL: true };
  if (value.M !== undefined) return { M: storableItem(value.M, depth + 1) };
  if (value.L !== undefined) return { L: value.L.map((entry) => storable(entry, depth + 1)) };
  if (value.SS !== undefined) return { SS: distinct(value.SS) };
  if (value.NS !== undefined) return { NS: distinct(value.NS.map(canonicalNumber)) };
  throw new UnsupportedByFake(`an attribute value of type ${given.join()} with a ${typeof value[given[0] as ValueType]}`);
}

export function storableItem(item: Item, depth = 0): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, storable(value, depth)]));
}

function distinct(values: readonly string[]): string[] {
  if (values.length === 0) throw validation("One or more parameter values were invalid: An string set  may not be empty");
  if (new Set(values).size < values.length) throw validation("One or more parameter values were invalid: Input collection contains duplicates");
  return [...values];
}

const utf8 = (text: string): number => Buffer.byteLength(text);
const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

/** Bytes of an item as DynamoDB counts them: names and values (developer guide, "Item sizes and formats"). */
export function sizeOfItem(item: Item): number {
  return sum(Object.entries(item).map(([name, value]) => utf8(name) + sizeOfValue(value)));
}

function sizeOfValue(value: AttributeValue): number {
  if (value.S !== undefined) return utf8(value.S);
  if (value.N !== undefined) return sizeOfNumber(value.N);
  if (value.M !== undefined) return 3 + sizeOfItem(value.M) + Object.keys(value.M).length;
  if (value.L !== undefined) return 3 + sum(value.L.map((entry) => 1 + sizeOfValue(entry)));
  if (value.SS !== undefined) return sum(value.SS.map(utf8));
  if (value.NS !== undefined) return sum(value.NS.map(sizeOfNumber));
  return 1;
}

function sizeOfNumber(text: string): number {
  const digits = text.replaceAll(/[-.]/g, "").replace(/^0+/, "");
  return Math.ceil(digits.length / 2) + 1 + (text.startsWith("-") ? 1 : 0);
}

/** What `size()` answers in an expression; `undefined`: it has none. */
export function sizeInExpression(value: AttributeValue): number | undefined {
  if (value.S !== undefined) return utf8(value.S);
  if (value.M !== undefined) return Object.keys(value.M).length;
  return (value.L ?? value.SS ?? value.NS)?.length;
}

export function isEqual(left: AttributeValue, right: AttributeValue): boolean {
  if (left.M !== undefined && right.M !== undefined) return isEqualItem(left.M, right.M);
  if (left.L !== undefined && right.L !== undefined) {
    const other = right.L;
    return left.L.length === other.length && left.L.every((entry, index) => isEqual(entry, other[index] ?? { NULL: true }));
  }
  const [a, b] = [left.SS ?? left.NS, right.SS ?? right.NS];
  if (a !== undefined && b !== undefined) return typeOf(left) === typeOf(right) && a.length === b.length && a.every((entry) => b.includes(entry));
  return left.S === right.S && left.N === right.N && left.BOOL === right.BOOL && left.NULL === right.NULL && typeOf(left) === typeOf(right);
}

export function isEqualItem(left: Item, right: Item): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => {
      const [a, b] = [left[name], right[name]];
      return a !== undefined && b !== undefined && isEqual(a, b);
    })
  );
}

/** Order of two texts or two numbers; `undefined` for anything else, which no comparison is true of. */
export function compareValues(left: AttributeValue, right: AttributeValue): number | undefined {
  if (left.S !== undefined && right.S !== undefined) return compareTexts(left.S, right.S);
  if (left.N !== undefined && right.N !== undefined) return compareNumbers(left.N, right.N);
  return undefined;
}

/** By their bytes in UTF-8, which is not the order of JavaScript where surrogates are. */
export function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return /[\uD800-\uDFFF]/.test(left + right) ? Buffer.compare(Buffer.from(left), Buffer.from(right)) : left < right ? -1 : 1;
}

/** A copy that nobody shares. */
export function copyItem(item: Item): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, copyValue(value)]));
}

function copyValue(value: AttributeValue): AttributeValue {
  if (value.M !== undefined) return { M: copyItem(value.M) };
  if (value.L !== undefined) return { L: value.L.map(copyValue) };
  if (value.SS !== undefined) return { SS: [...value.SS] };
  if (value.NS !== undefined) return { NS: [...value.NS] };
  return { ...value };
}
