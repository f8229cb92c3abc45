import { describe, expect, test } from "vitest";
import type { HandlerView } from "../core/queue.ts";
import type { Facts } from "./control/facts.ts";
import { type Check, factChecks, handlerChecks, modeCheck, nodeCheck, personalDataChecks, secretsCheck, spaceCheck, summary } from "./doctor.ts";

const facts: Facts = {
  app: "orders",
  pid: 42,
  live: true,
  sqlite: "3.53.2",
  synchronous: "full",
  journalMode: "wal",
  bytes: 4096,
  walBytes: 0,
  head: 7,
  epoch: 1,
  afterCrash: false,
  strangers: [],
};
const idle: HandlerView = {
  name: "confirm",
  events: ["order.placed"],
  paused: false,
  pauseReason: undefined,
  counts: { scheduled: 0, ready: 0, running: 0, retrying: 0, parked: 0, dead: 0 },
  oldestReady: undefined,
};
const status = (checks: readonly Check[], name: string): string | undefined => checks.find((check) => check.name === name)?.status;

describe("doctor", () => {
  test("Node: from 20.19 on", () => {
    expect(["v18.20.0", "v20.18.3", "v20.19.0", "v22.1.0"].map((version) => nodeCheck(version).status)).toEqual(["problem", "problem", "ok", "ok"]);
  });

  test("the file's mode: a problem as soon as others may do anything with it", () => {
    expect([0o100600, 0o100400, 0o100640, 0o100602].map((mode) => modeCheck(mode).status)).toEqual(["ok", "ok", "problem", "problem"]);
    expect(modeCheck(0o100600).detail).toBe("mode 0600");
  });

  test("free space: a problem below 100 MiB", () => {
    expect(spaceCheck(99 * 1024 ** 2).status).toBe("problem");
    expect(spaceCheck(101 * 1024 ** 2)).toEqual({ name: "disk space", status: "ok", detail: "101.0 MiB free" });
  });

  test("the file: weak durability, a log that grows and handlers that nobody declares are warnings", () => {
    expect(factChecks(facts).map((check) => check.status)).toEqual(["ok", "ok", "ok", "ok"]);
    expect(status(factChecks({ ...facts, synchronous: "normal" }), "durability")).toBe("warning");
    expect(status(factChecks({ ...facts, walBytes: 300 * 1024 ** 2 }), "file")).toBe("warning");
    expect(status(factChecks({ ...facts, strangers: ["old"] }), "strangers")).toBe("warning");
    expect(factChecks({ ...facts, live: false })[0]?.detail).toBe("free: no engine runs");
  });

  test("handlers: dead letters are a problem, a pause is a warning", () => {
    expect(handlerChecks([idle], true).map((check) => check.status)).toEqual(["ok", "ok", "ok"]);
    expect(status(handlerChecks([{ ...idle, counts: { ...idle.counts, dead: 2 } }], true), "dead letters")).toBe("problem");
    expect(status(handlerChecks([{ ...idle, paused: true, pauseReason: "partner down" }], true), "paused")).toBe("warning");
  });

  test("a backlog is a problem when an engine runs and leaves it waiting, unless its handler is paused", () => {
    const behind = { ...idle, counts: { ...idle.counts, ready: 3 }, oldestReady: 6 * 60_000 };
    expect(status(handlerChecks([behind], true), "backlog")).toBe("problem");
    expect(status(handlerChecks([behind], false), "backlog")).toBe("ok");
    expect(status(handlerChecks([{ ...behind, paused: true }], true), "backlog")).toBe("ok");
    expect(handlerChecks([behind], true)[0]?.detail).toBe("3 waiting, the oldest for 6 min");
  });

  test("secrets: those without a value are named, and nothing else of them", () => {
    expect(secretsCheck(["stripe-key", "mail-key"], [])).toMatchObject({ status: "ok", detail: "2 declared, none missing" });
    expect(secretsCheck(["stripe-key", "mail-key"], ["mail-key"])).toMatchObject({ status: "problem", detail: "no value for mail-key" });
  });

  test("personal data: a warning where it is declared and there is no key, nothing where none is declared", () => {
    const of = (pii: readonly string[]) => ({ events: new Map([["a", { pii } as never]]), tables: new Map() });
    expect(personalDataChecks(of([]), false)).toEqual([]);
    expect(personalDataChecks(of(["email"]), true)).toMatchObject([{ status: "ok" }]);
    expect(personalDataChecks(of(["email"]), false)).toMatchObject([{ status: "warning" }]);
  });

  test("whatever is not ok says what to do", () => {
    const checks = [
      nodeCheck("v18.0.0"),
      modeCheck(0o666),
      spaceCheck(0),
      ...factChecks({ ...facts, synchronous: "normal", walBytes: 1e12, strangers: ["old"] }),
      ...handlerChecks([{ ...idle, paused: true, counts: { ...idle.counts, dead: 1 } }], true),
    ];
    for (const check of checks) expect(check.fix === undefined).toBe(check.status === "ok");
    expect(summary(checks)).toBe("4 problems, 4 warnings");
    expect(summary([])).toBe("no problem found");
  });
});
