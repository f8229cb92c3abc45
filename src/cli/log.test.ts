import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import type { ObservedFact } from "../core/ports.ts";
import type { Topology } from "../core/topology.ts";
import { createLog, levelOf, type Log } from "./log.ts";
import { paint } from "./output/text.ts";

const topology = {
  events: new Map([["order.placed", { pii: ["customer.email"] }]]),
  tables: new Map(),
  secrets: new Map([["stripe-key", {}]]),
} as unknown as Topology;

function open(json: boolean): { readonly log: Log; readonly text: () => string; readonly at: { now: number } } {
  const stdout = new PassThrough();
  const at = { now: Date.UTC(2026, 0, 2) };
  const io = {
    stdin: stdout,
    stdout,
    stderr: stdout,
    env: {},
    cwd: "/",
    now: () => at.now,
    connect: () => Promise.reject(new Error("not here")),
    traffic: () => Promise.reject(new Error("not here")),
  };
  return { log: createLog({ io, print: { json, paint: paint(false) } }, "debug"), text: () => String((stdout.read() as Buffer | null) ?? ""), at };
}

const settled: ObservedFact = {
  type: "settled",
  handler: "confirm",
  event: "order.placed",
  eventId: "0190-0000-event",
  tenant: undefined,
  correlationId: "0190-0000-event",
  age: 5,
  state: "done",
  attempt: 1,
  milliseconds: 3,
  failure: undefined,
};

describe("the log", () => {
  test("is for people: short ids, no word twice", () => {
    const { log, text } = open(false);
    log.fact(settled);
    expect(text()).toMatch(/debug confirm done event=order.placed eventId=…0-0000-event attempt=1 milliseconds=3\n$/);
  });

  test("is JSON lines that another program follows", () => {
    const { log, text } = open(true);
    log.fact(settled);
    expect(JSON.parse(text())).toMatchObject({
      level: "debug",
      message: "confirm done",
      handler: "confirm",
      outcome: "done",
      correlationId: "0190-0000-event",
    });
  });

  test.each([false, true])("hides what the app declares and the values of its secrets, as JSON: %s", (json) => {
    const { log, text, at } = open(json);
    let key = "sk-canary-1";
    log.declare(topology, () => key);
    log.fact({ type: "log", level: "info", message: "calling with sk-canary-1", fields: { email: "ada@canary", to: { email: "bob@canary" } } });
    log.info("started", { url: "https://x/?key=sk-canary-1" });
    expect(text()).not.toContain("canary");
    key = "sk-canary-2";
    at.now += 1_000;
    log.info("rotated to sk-canary-2");
    expect(text()).not.toContain("canary");
  });

  test("a secret that cannot be read keeps nothing from being logged", () => {
    const { log, text } = open(true);
    log.declare(topology, () => {
      throw new Error("unreadable");
    });
    log.info("still here");
    expect(text()).toContain("still here");
  });
});

test("an unknown level is wrong usage", () => {
  expect(levelOf({ PULSEQUEUE_LOG_LEVEL: "WARN" }, "info")).toBe("warn");
  expect(levelOf({}, "info")).toBe("info");
  expect(() => levelOf({ PULSEQUEUE_LOG_LEVEL: "loud" }, "info")).toThrow(/no level/);
});
