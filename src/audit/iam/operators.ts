/** Names of condition operators, and which values and keys each may have. */
import type { KeyType } from "./catalogue.ts";
import type { Condition, Test } from "./types.ts";

type Operator = Pick<Condition, "operator" | "test" | "negated" | "ifExists" | "set">;

const comparisons = ["Equals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"] as const;
const numbers = (["Numeric", "Date"] as const).flatMap((kind) => [
  ...comparisons.map((name): [string, Test, boolean] => [`${kind}${name}`, `${kind}${name}`, false]),
  [`${kind}NotEquals`, `${kind}Equals`, true] as [string, Test, boolean],
]);

/** Name → what it tests, and whether the answer is turned round. AWS gives `ArnEquals` and `ArnLike` one meaning. */
const operators: ReadonlyMap<string, readonly [Test, boolean]> = new Map(
  (
    [
      ["StringEquals", "StringEquals", false],
      ["StringNotEquals", "StringEquals", true],
      ["StringEqualsIgnoreCase", "StringEqualsIgnoreCase", false],
      ["StringNotEqualsIgnoreCase", "StringEqualsIgnoreCase", true],
      ["StringLike", "StringLike", false],
      ["StringNotLike", "StringLike", true],
      ["ArnEquals", "ArnLike", false],
      ["ArnLike", "ArnLike", false],
      ["ArnNotEquals", "ArnLike", true],
      ["ArnNotLike", "ArnLike", true],
      ["Bool", "Bool", false],
      ["Null", "Null", false],
      ["IpAddress", "IpAddress", false],
      ["NotIpAddress", "IpAddress", true],
      ...numbers,
    ] satisfies [string, Test, boolean][]
  ).map(([name, test, negated]) => [name, [test, negated]]),
);

/** `ForAnyValue:StringLikeIfExists` and its parts; `undefined` for a name that AWS does not know. */
export function parseOperator(name: string): Operator | undefined {
  const [, prefix, plain = "", suffix] = /^(ForAllValues:|ForAnyValue:)?([A-Za-z]+?)(IfExists)?$/.exec(name) ?? [];
  const found = operators.get(plain);
  if (found === undefined || (plain === "Null" && (prefix !== undefined || suffix !== undefined))) return undefined;
  const set = prefix === undefined ? undefined : prefix === "ForAllValues:" ? "all" : "any";
  return { operator: name, test: found[0], negated: found[1], ifExists: suffix !== undefined, set };
}

/** Whether the operator can be asked about keys of the type. Text operators also compare ARNs and booleans, as AWS lets them. */
export function suits(test: Test, { type }: KeyType): boolean {
  if (test === "Null") return true;
  // Text may hold an ARN: AWS's own key policy for CloudWatch Logs compares an encryption context so.
  if (test === "ArnLike") return type === "ARN" || type === "String";
  if (test === "Bool") return type === "Bool";
  if (test === "IpAddress") return type === "IPAddress";
  if (test.startsWith("Numeric")) return type === "Numeric";
  if (test.startsWith("Date")) return type === "Date";
  return type === "String" || type === "ARN" || type === "Bool";
}

/** Text operators and those of ARNs replace variables in their values. */
export function takesVariables(test: Test): boolean {
  return test.startsWith("String") || test === "ArnLike";
}

/** A number as policies write it. */
export function parseNumber(text: string): number | undefined {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** Milliseconds of a W3C date, or of seconds since 1970. */
export function parseDate(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const milliseconds = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

export interface AddressRange {
  /** The address as one number. */
  readonly address: bigint;
  readonly bits: 32 | 128;
  readonly prefix: number;
}

/** An address or a range in CIDR notation, IPv4 or IPv6. */
export function parseRange(text: string): AddressRange | undefined {
  const [, host = "", prefixText] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = host.includes(":") ? parseV6(host) : parseV4(host);
  if (address === undefined) return undefined;
  const bits = host.includes(":") ? 128 : 32;
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  return prefix > bits ? undefined : { address, bits, prefix };
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((address, part) => address * 256n + BigInt(part), 0n);
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split("::");
  const [left = [], right = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - left.length - right.length;
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined;
  const groups = [...left, ...Array.from({ length: missing }, () => "0"), ...right];
  if (!groups.every((group) => /^[\dA-Fa-f]{1,4}$/.test(group))) return undefined;
  return groups.reduce((address, group) => address * 65_536n + BigInt(`0x${group}`), 0n);
}

/** Whether a value that the catalogue gives this type is well formed. */
export function isValueOf({ type }: KeyType, value: string): boolean {
  if (type === "Bool") return value === "true" || value === "false";
  if (type === "Numeric") return parseNumber(value) !== undefined;
  if (type === "Date") return parseDate(value) !== undefined;
  if (type === "IPAddress") return !value.includes("/") && parseRange(value) !== undefined;
  return value !== "";
}
