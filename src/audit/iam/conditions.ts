/** Whether conditions hold. A key that the request does not have makes a plain test false, a negated one true. */
import { parseDate, parseNumber, parseRange } from "./operators.ts";
import { arnFits, asText, fits, resolve, type Lookup } from "./pattern.ts";
import type { Condition } from "./types.ts";

/** Key in lower case → its values, at least one. */
export type Context = ReadonlyMap<string, readonly string[]>;

/** The value of a variable: that of a key which has exactly one. */
export function lookupIn(context: Context): Lookup {
  return (key) => {
    const values = context.get(key);
    return values?.length === 1 ? values[0] : undefined;
  };
}

export function holds(condition: Condition, context: Context): boolean {
  const { test, negated, ifExists, set, key, values } = condition;
  const given = context.get(key);
  if (test === "Null") return values.some((value) => (value === "true") === (given === undefined));
  if (given === undefined) return ifExists || (set === undefined ? negated : set === "all");
  const lookup = lookupIn(context);
  const fulfils = (value: string): boolean => values.some((wanted) => compare(condition, wanted, value, lookup)) !== negated;
  return set === "any" ? given.some(fulfils) : given.every(fulfils);
}

function compare({ test }: Condition, wanted: string, value: string, lookup: Lookup): boolean {
  if (test === "Bool") return wanted === value;
  if (test === "IpAddress") return isInRange(wanted, value);
  if (test.startsWith("Numeric")) return inOrder(test.slice("Numeric".length), parseNumber(value), parseNumber(wanted));
  if (test.startsWith("Date")) return inOrder(test.slice("Date".length), parseDate(value), parseDate(wanted));
  const pieces = resolve(wanted, lookup);
  if (pieces === undefined) return false;
  if (test === "StringLike") return fits(pieces, value);
  if (test === "ArnLike") return arnFits(pieces, value);
  return test === "StringEquals" ? asText(pieces) === value : asText(pieces).toLowerCase() === value.toLowerCase();
}

function inOrder(comparison: string, value: number | undefined, wanted: number | undefined): boolean {
  if (value === undefined || wanted === undefined) return false;
  if (comparison === "Equals") return value === wanted;
  if (comparison === "LessThan") return value < wanted;
  if (comparison === "LessThanEquals") return value <= wanted;
  return comparison === "GreaterThan" ? value > wanted : value >= wanted;
}

function isInRange(wanted: string, value: string): boolean {
  const [range, address] = [parseRange(wanted), parseRange(value)];
  if (range === undefined || range.bits !== address?.bits) return false;
  const shift = BigInt(range.bits - range.prefix);
  return range.address >> shift === address.address >> shift;
}
