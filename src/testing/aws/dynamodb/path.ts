/** Document paths such as `a.#b[0]`. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { validation } from "../service/errors.ts";
import { invalid, type Bindings, type Tokens } from "./tokens.ts";
import { copyItem, type Item } from "./values.ts";

/** A name, then names of maps and places of lists. */
export type Path = readonly [string, ...(string | number)[]];

export function parsePath(tokens: Tokens, names: Bindings): Path {
  const path: [string, ...(string | number)[]] = [nameOf(tokens, names)];
  for (;;) {
    if (tokens.take(".")) path.push(nameOf(tokens, names));
    else if (tokens.take("[")) {
      const place = tokens.next();
      if (!/^\d+$/.test(place)) throw invalid(`Syntax error; token: "${place}"`);
      path.push(Number(place));
      tokens.expect("]");
    } else return path;
  }
}

function nameOf(tokens: Tokens, names: Bindings): string {
  const token = tokens.next();
  if (!/^#\w+$|^[A-Za-z_]\w*$/.test(token)) throw invalid(`Syntax error; token: ${token}`);
  return names.name(token);
}

export function textOf(path: Path): string {
  return path.map((step, index) => (typeof step === "number" ? `[${String(step)}]` : index === 0 ? step : `.${step}`)).join("");
}

export function valueAt(item: Item | undefined, path: Path): AttributeValue | undefined {
  const [name, ...steps] = path;
  let value = item?.[name];
  for (const step of steps) value = typeof step === "number" ? value?.L?.[step] : value?.M?.[step];
  return value;
}

/** `item` with `value` at `path`, or without what is there; in a list a place beyond the end is the next one. */
export function withValueAt(item: Item, path: Path, value: AttributeValue | undefined): Item {
  const copy = copyItem(item);
  const [name, ...steps] = path;
  const last = steps.pop();
  if (last === undefined) {
    if (value === undefined) return Object.fromEntries(Object.entries(copy).filter(([key]) => key !== name));
    copy[name] = value;
    return copy;
  }
  const parent = valueAt(copy, [name, ...steps]);
  if (typeof last === "string" && parent?.M !== undefined) {
    const rest = Object.entries(parent.M).filter(([key]) => key !== last);
    parent.M = Object.fromEntries(value === undefined ? rest : [...rest, [last, value]]);
    return copy;
  }
  if (typeof last === "number" && parent?.L !== undefined) {
    parent.L.splice(last, 1, ...(value === undefined ? [] : [value]));
    return copy;
  }
  throw validation("The document path provided in the update expression is invalid for update");
}

/** Whether one of them is the other or lies within it. */
export function isOverlapping(left: Path, right: Path): boolean {
  return left.slice(0, right.length).every((step, index) => step === right[index]);
}
