import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPulseQueueError } from "../core/errors.ts";
import { parseJsonBody } from "./json-body.ts";

function read(text: string, depth = 35): unknown {
  try {
    return { value: parseJsonBody(text, depth) };
  } catch (thrown) {
    return isPulseQueueError(thrown) ? thrown.code : thrown;
  }
}

describe("a JSON body", () => {
  test("is read as JSON.parse reads it, whatever is in it", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.boolean(), (text, isSpaced) => {
        const shown = isSpaced ? JSON.stringify(JSON.parse(text), null, 2) : text;
        expect(read(shown)).toEqual({ value: JSON.parse(text) as unknown });
      }),
    );
  });

  test("that names a field twice is refused, however the field is written and however deep it is", () => {
    fc.assert(
      fc.property(fc.string(), fc.json(), fc.json(), fc.nat(10), (name, one, other, levels) => {
        const twice = `{${JSON.stringify(name)}:${one},"x${name.length}":0,${escaped(name)}:${other}}`;
        expect(read(`${"[".repeat(levels)}${twice}${"]".repeat(levels)}`, 60)).toBe("REQUEST_INVALID");
      }),
    );
    expect(read('{"__proto__":1,"__proto__":2}')).toBe("REQUEST_INVALID");
  });

  test.each([
    ['"\\ud83d"', "REQUEST_INVALID"],
    ['"\\uDE00"', "REQUEST_INVALID"],
    ['"\\ud83d\\ud83d"', "REQUEST_INVALID"],
    ['"\\ude00\\ud83d"', "REQUEST_INVALID"],
    ['"\\ud83d\\\\ude00"', "REQUEST_INVALID"],
    ['{"\\ud83d":1}', "REQUEST_INVALID"],
    ['"\\ud83d\\ude00"', { value: "😀" }],
    ['"\\uD83D\\uDE00\\ud83d\\ude00"', { value: "😀😀" }],
    ['"\\\\ud83d"', { value: "\\ud83d" }],
    ['"\\ud7ff\\ue000"', { value: "\ud7ff\ue000" }],
    ['"😀"', { value: "😀" }],
  ])("%s: half of a surrogate pair is refused, a pair and what only looks like one are not", (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test("may hold brackets, colons and quotes in texts, and is never nested deeper than it may be", () => {
    expect(read('{"a":"[[[{{{:::\\"","b":["\\\\"]}', 2)).toEqual({ value: { a: '[[[{{{:::"', b: ["\\"] } });
    expect(read("[[[]]]", 2)).toBe("PAYLOAD_TOO_DEEP");
    expect(read("[".repeat(1_000_000), 35)).toBe("PAYLOAD_TOO_DEEP");
    expect(read("[]".repeat(100_000), 1)).toBe("REQUEST_INVALID");
  });
});

/** The same name with every character as an escape. */
function escaped(name: string): string {
  const units = Array.from({ length: name.length }, (_, at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, "0")}`);
  return `"${units.join("")}"`;
}
