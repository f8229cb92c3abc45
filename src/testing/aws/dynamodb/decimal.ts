/** DynamoDB's numbers: decimal, exact, 38 significant digits, as text on the wire. */
import { validation } from "../service/errors.ts";

interface Decimal {
  readonly coefficient: bigint;
  /** Power of ten; the coefficient has no trailing zero unless it is 0. */
  readonly exponent: number;
}

const mostDigits = 38;

/** The one text of a number: `1.50`, `15e-1` and `1.5` are one. Throws as the service does for what is none, or has too many digits. */
export function canonicalNumber(text: string): string {
  return /^(?:0|-?[1-9]\d{0,37})$/.test(text) ? text : format(parse(text));
}

export function addNumbers(left: string, right: string): string {
  return format(sum(parse(left), parse(right)));
}

export function subtractNumbers(left: string, right: string): string {
  const { coefficient, exponent } = parse(right);
  return format(sum(parse(left), { coefficient: -coefficient, exponent }));
}

/** Below, at or above 0 as `left` is less than, equal to or greater than `right`. */
export function compareNumbers(left: string, right: string): number {
  const a = parse(left);
  const b = parse(right);
  const exponent = Math.min(a.exponent, b.exponent);
  const difference = scaled(a, exponent) - scaled(b, exponent);
  return difference < 0n ? -1 : Number(difference > 0n);
}

function parse(text: string): Decimal {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/.exec(text);
  const [, sign = "", whole = "", fraction = "", power = "0"] = match ?? [];
  if (match === null || whole + fraction === "") {
    throw validation(`The parameter cannot be converted to a numeric value: ${text}`);
  }
  return checked(normal(BigInt(`${sign === "-" ? "-" : ""}${whole}${fraction}`), Number(power) - fraction.length));
}

function normal(coefficient: bigint, exponent: number): Decimal {
  if (coefficient === 0n) return { coefficient, exponent: 0 };
  let [value, power] = [coefficient, exponent];
  while (value % 10n === 0n) [value, power] = [value / 10n, power + 1];
  return { coefficient: value, exponent: power };
}

function checked(decimal: Decimal): Decimal {
  const digits = String(decimal.coefficient).replace("-", "").length;
  if (digits > mostDigits) throw validation("Attempting to store more than 38 significant digits in a Number");
  const magnitude = decimal.exponent + digits - 1;
  if (magnitude > 125) throw validation("Number overflow. Attempting to store a number with magnitude larger than supported range");
  if (decimal.coefficient !== 0n && magnitude < -130) {
    throw validation("Number underflow. Attempting to store a number with magnitude smaller than supported range");
  }
  return decimal;
}

function scaled({ coefficient, exponent }: Decimal, to: number): bigint {
  return coefficient * 10n ** BigInt(exponent - to);
}

function sum(left: Decimal, right: Decimal): Decimal {
  const exponent = Math.min(left.exponent, right.exponent);
  return checked(normal(scaled(left, exponent) + scaled(right, exponent), exponent));
}

function format({ coefficient, exponent }: Decimal): string {
  if (exponent >= 0) return String(coefficient * 10n ** BigInt(exponent));
  const sign = coefficient < 0n ? "-" : "";
  const digits = String(coefficient)
    .replace("-", "")
    .padStart(1 - exponent, "0");
  return `${sign}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}
