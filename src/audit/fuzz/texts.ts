/** Texts that a schema's pattern matches. */
import type { Json } from "../../core/json.ts";
import type { Random } from "./random.ts";

type Fields = Readonly<Record<string, Json>>;

/** A text within its lengths that matches the pattern; any text where the pattern is not understood here. */
export function textOf(schema: Fields, random: Random): string {
  const { pattern, minLength, maxLength } = schema;
  const least = typeof minLength === "number" ? minLength : 0;
  const plain = "text".repeat(Math.ceil(least / 4) + 1).slice(0, typeof maxLength === "number" ? Math.max(least, Math.min(maxLength, least + 4)) : least + 4);
  if (typeof pattern !== "string") return plain;
  return createReader(pattern, random).alternatives() ?? plain;
}

/** Characters of a class that is written with a backslash. */
const classes: Readonly<Record<string, string>> = { w: "aZ_9", d: "0123456789", s: " " };
/** How often at most what may come any number of times. */
const most = 3;

/** Reads a pattern and writes a text that fits, in one go. Its methods answer `undefined` for what it does not know. */
function createReader(pattern: string, random: Random): { readonly alternatives: () => string | undefined } {
  let at = 0;
  const next = (): string => pattern.charAt(at++);

  const characters = (): string => {
    let set = "";
    while (at < pattern.length && pattern.charAt(at) !== "]") {
      const char = next();
      if (char === "\\") {
        const escaped = next();
        set += classes[escaped] ?? escaped;
      } else if (pattern.charAt(at) === "-" && pattern.charAt(at + 1) !== "]") {
        at += 1;
        set += `${char}${next()}`;
      } else set += char;
    }
    at += 1;
    return set;
  };

  /** How often what stands before is to come: from, and at most. */
  const times = (): readonly [least: number, most: number] => {
    const counted = /^\{(?<least>\d+)(?<comma>,(?<most>\d*))?\}/.exec(pattern.slice(at));
    if (counted?.groups !== undefined) {
      at += counted[0].length;
      const least = Number(counted.groups["least"]);
      if (counted.groups["comma"] === undefined) return [least, least];
      return [least, counted.groups["most"] === "" ? least + most : Number(counted.groups["most"])];
    }
    const sign = pattern.charAt(at);
    if (!"*+?".includes(sign) || sign === "") return [1, 1];
    at += 1;
    return [sign === "+" ? 1 : 0, sign === "?" ? 1 : most];
  };

  const one = (): (() => string) | undefined => {
    const char = next();
    if (char === "^" || char === "$") return () => "";
    if (char === ".") return () => "a";
    if (char === "\\") {
      const escaped = next();
      const set = classes[escaped] ?? escaped;
      return () => set.charAt(random(set.length));
    }
    if (char === "[") {
      if (pattern.charAt(at) === "^") return undefined;
      const set = characters();
      return () => set.charAt(random(set.length));
    }
    if (char !== "(") return () => char;
    if (pattern.slice(at, at + 2) === "?:") at += 2;
    else if (pattern.charAt(at) === "?") return undefined;
    const inner = alternatives();
    at += 1;
    return inner === undefined ? undefined : () => inner;
  };

  const sequence = (): string | undefined => {
    let text = "";
    while (at < pattern.length && !"|)".includes(pattern.charAt(at))) {
      const make = one();
      if (make === undefined) return undefined;
      const [least, mostTimes] = times();
      const count = least + random(Math.min(mostTimes - least, most) + 1);
      for (let index = 0; index < count; index += 1) text += make();
    }
    return text;
  };

  const alternatives = (): string | undefined => {
    const found: string[] = [];
    for (;;) {
      const text = sequence();
      if (text === undefined) return undefined;
      found.push(text);
      if (pattern.charAt(at) !== "|") return found[random(found.length)];
      at += 1;
    }
  };
  return { alternatives };
}
