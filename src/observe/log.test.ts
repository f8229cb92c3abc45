import { describe, expect, test } from "vitest";
import type { ObservedFact } from "../core/ports.ts";
import { createHide } from "./hide.ts";
import { lineOf, type Line } from "./lines.ts";
import { jsonLines } from "./log.ts";

function capture(least: "debug" | "info" = "debug"): { readonly write: (line: Line) => void; readonly lines: () => readonly unknown[] } {
  const texts: string[] = [];
  const write = jsonLines({ write: (text) => void texts.push(text) }, least, () => Date.UTC(2026, 0, 2));
  return { write, lines: () => texts.map((text) => JSON.parse(text) as unknown) };
}

const settled: Extract<ObservedFact, { type: "settled" }> = {
  type: "settled",
  handler: "reserve",
  event: "order.placed",
  eventId: "e-2",
  tenant: undefined,
  correlationId: "e-1",
  age: 40,
  state: "retrying",
  attempt: 2,
  milliseconds: 20.4,
  failure: { code: "HANDLER_FAILED", message: "no", at: 0 },
};

describe("JSON lines", () => {
  test("hold level, time, message and fields, and nothing of this machine", () => {
    const { write, lines } = capture();
    write(lineOf(settled));
    expect(lines()).toEqual([
      {
        level: "warn",
        time: "2026-01-02T00:00:00.000Z",
        message: "reserve retrying",
        handler: "reserve",
        event: "order.placed",
        eventId: "e-2",
        correlationId: "e-1",
        attempt: 2,
        outcome: "retrying",
        milliseconds: 20,
        code: "HANDLER_FAILED",
        reason: "no",
      },
    ]);
  });

  test("leave out what is below the level", () => {
    const { write, lines } = capture("info");
    write(lineOf({ ...settled, state: "done", failure: undefined }));
    expect(lines()).toEqual([]);
  });
});

describe("facts", () => {
  test.each([
    ["done", "debug"],
    ["retrying", "warn"],
    ["scheduled", "debug"],
    ["dead", "error"],
  ] as const)("an attempt that ended %s is one line of level %s with the correlation id", (state, level) => {
    expect(lineOf({ ...settled, state })).toMatchObject({ level, fields: { outcome: state, attempt: 2, correlationId: "e-1" } });
  });

  test("a request that failed here is an error, one that was refused a warning", () => {
    const failed = lineOf({ type: "request", route: "/orders/:id", method: "GET", status: 500, milliseconds: 1, principal: "key:a", correlationId: "r-1" });
    expect(failed).toMatchObject({ level: "error", fields: { correlationId: "r-1" } });
    expect(lineOf({ type: "refused", route: "/orders/:id", reason: "rate" }).level).toBe("warn");
  });
});

describe("what is hidden", () => {
  const hide = createHide({ pii: ["email", "customer.name", "lines.*.note"], secrets: () => ["s3cr3t-value", "abc"] });

  test("fields named like declared personal data, at any depth and under any parent", () => {
    const fields = { email: "ada@example.org", order: { customer: { name: "Ada", age: 36 }, lines: [{ note: "x", sku: "s" }] } };
    expect(hide.fields(fields)).toEqual({
      email: "[redacted]",
      order: { customer: { name: "[redacted]", age: 36 }, lines: [{ note: "[redacted]", sku: "s" }] },
    });
  });

  test("values of secrets wherever they are, in messages, fields and errors, but no short word", () => {
    expect(hide.text("token s3cr3t-value abc")).toBe("token [secret] abc");
    const hidden = JSON.stringify(hide.fields({ url: "https://x/?k=s3cr3t-value", error: new Error("refused s3cr3t-value") }));
    expect(hidden).not.toContain("s3cr3t-value");
    expect(hidden).toContain("refused [secret]");
  });

  test("names of the engine's own fields are not hidden by a path of the same name", () => {
    expect(createHide({ pii: ["code", "handler"], secrets: () => [] }).fields({ handler: "reserve", code: "X", order: { code: "1" } })).toEqual({
      handler: "reserve",
      code: "X",
      order: { code: "[redacted]" },
    });
  });

  test("a value that contains itself ends", () => {
    const loop: Record<string, unknown> = {};
    loop["again"] = loop;
    expect(JSON.stringify(hide.fields(loop))).toContain("[too deep]");
  });
});
