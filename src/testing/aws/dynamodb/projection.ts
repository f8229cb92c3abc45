/** Projection expressions. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { UnsupportedByFake } from "../service/errors.ts";
import { parsePath } from "./path.ts";
import { tokensOf, type Bindings } from "./tokens.ts";
import { copyItem, type Item } from "./values.ts";

/** Whole attributes only. `undefined`: all of them. */
export function projection(text: string | undefined, names: Bindings): (item: Item) => Record<string, AttributeValue> {
  if (text === undefined) return copyItem;
  const tokens = tokensOf(text);
  const kept: string[] = [];
  do {
    const [name, ...steps] = parsePath(tokens, names);
    if (steps.length > 0) throw new UnsupportedByFake("a projection of a part of an attribute");
    kept.push(name);
  } while (tokens.take(","));
  return (item) => copyItem(Object.fromEntries(Object.entries(item).filter(([name]) => kept.includes(name))));
}
