import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deliveryStates, failureOf, fresh, transition, type DeliveryFact, type DeliveryState, type DeliveryStatus, type Failure } from "./delivery.ts";
import { PulseQueueError } from "./errors.ts";
import { NonRetryableError, RetryAfterError } from "./retry-errors.ts";

const policy = { attempts: 3, min: 1_000, max: 60_000 };
const now = 1_000_000;
const failure: Failure = { code: "HANDLER_FAILED", message: "Error: no", at: now };
const status = (state: DeliveryState, change: Partial<DeliveryStatus> = {}): DeliveryStatus => ({
  state,
  attempts: 1,
  dueAt: undefined,
  failure: undefined,
  ...change,
});
const move = (from: DeliveryStatus, fact: DeliveryFact): ReturnType<typeof transition> => transition(from, fact, policy, now, () => 0.5);

const failed: DeliveryFact = { type: "failed", failure, final: false, delay: undefined };
const facts: readonly DeliveryFact[] = [
  ...(["due", "claimed", "blocked", "released", "succeeded", "returned", "redriven", "discarded"] as const).map((type) => ({ type })),
  failed,
  { type: "postponed", failure, delay: 30_000 },
  { type: "crashed", failure },
];

describe("a delivery", () => {
  test("starts ready, with no attempt used", () => {
    expect(fresh).toEqual({ state: "ready", attempts: 0, dueAt: undefined, failure: undefined });
  });

  test("that is scheduled becomes ready when it is due", () => {
    expect(move(status("scheduled", { attempts: 0, dueAt: now }), { type: "due" })).toEqual({ status: fresh, effects: [] });
  });

  test("that waits for its retry becomes ready when it is due, and keeps its attempts and its failure", () => {
    expect(move(status("retrying", { dueAt: now, failure }), { type: "due" })).toEqual({ status: status("ready", { failure }), effects: [] });
  });

  test("that is ready runs when it is claimed, and an attempt is counted", () => {
    expect(move(fresh, { type: "claimed" })).toEqual({ status: status("running", { attempts: 1 }), effects: [] });
  });

  test.each(["ready", "scheduled", "retrying"] as const)("that is %s parks behind its key", (state) => {
    expect(move(status(state, { dueAt: now }), { type: "blocked" })).toEqual({ status: status("parked"), effects: [] });
  });

  test("that is parked becomes ready when its key is released", () => {
    expect(move(status("parked"), { type: "released" })).toEqual({ status: status("ready"), effects: [] });
  });

  test("that runs and succeeds is done, its failure forgotten, its key released", () => {
    expect(move(status("running", { attempts: 2, failure }), { type: "succeeded" })).toEqual({
      status: status("done", { attempts: 2 }),
      effects: [{ type: "release-key" }],
    });
  });

  test("that runs and is given back is ready, as if it had not been claimed", () => {
    expect(move(status("running", { attempts: 1 }), { type: "returned" })).toEqual({ status: fresh, effects: [] });
  });

  test("that fails waits, by the retry policy, and asks for a timer", () => {
    const { status: after, effects } = move(status("running", { attempts: 2 }), failed);
    expect(after).toEqual(status("retrying", { attempts: 2, dueAt: now + 1_000, failure }));
    expect(effects).toEqual([{ type: "wake-at", at: now + 1_000 }]);
  });

  test("that fails and says how long to wait waits that long", () => {
    expect(move(status("running"), { ...failed, delay: 7_000 }).status.dueAt).toBe(now + 7_000);
  });

  test.each([
    ["for good", { ...failed, final: true }, 1],
    ["in its last attempt", failed, 3],
    ["in its last attempt, although it asks to wait", { ...failed, delay: 7_000 }, 3],
    ["by a crash in its last attempt", { type: "crashed", failure }, 3],
  ] as const)("that fails %s is dead: an alarm, and its key goes on", (_how, fact, attempts) => {
    expect(move(status("running", { attempts }), fact)).toEqual({
      status: status("dead", { attempts, failure }),
      effects: [{ type: "dead-letter" }, { type: "release-key" }],
    });
  });

  test("whose process died is tried again by the retry policy, the attempt counted", () => {
    expect(move(status("running", { attempts: 1 }), { type: "crashed", failure })).toEqual({
      status: status("retrying", { attempts: 1, dueAt: now + 500, failure }),
      effects: [{ type: "wake-at", at: now + 500 }],
    });
  });

  test("that is postponed waits without using an attempt", () => {
    const { status: after, effects } = move(status("running", { attempts: 1 }), { type: "postponed", failure, delay: 30_000 });
    expect(after).toMatchObject({ attempts: 0, dueAt: now + 30_000, failure });
    expect(effects).toEqual([{ type: "wake-at", at: now + 30_000 }]);
  });

  test("that is dead starts a new series of attempts when it is redriven, and keeps its last failure", () => {
    expect(move(status("dead", { attempts: 3, failure }), { type: "redriven" })).toEqual({ status: { ...fresh, failure }, effects: [] });
  });

  test.each(["dead", "scheduled", "ready", "retrying", "parked"] as const)("that is %s can be discarded by an operator, and its key goes on", (state) => {
    expect(move(status(state), { type: "discarded" })).toEqual({ status: status("discarded"), effects: [{ type: "release-key" }] });
  });
});

describe("what is not allowed is refused", () => {
  const allowed: Readonly<Record<DeliveryFact["type"], readonly DeliveryState[]>> = {
    due: ["scheduled", "retrying"],
    claimed: ["ready"],
    blocked: ["ready", "scheduled", "retrying"],
    released: ["parked"],
    succeeded: ["running"],
    returned: ["running"],
    failed: ["running"],
    postponed: ["running"],
    crashed: ["running"],
    redriven: ["dead"],
    discarded: ["dead", "scheduled", "ready", "retrying", "parked"],
  };
  const refused = deliveryStates.flatMap((state) =>
    facts.filter((fact) => !allowed[fact.type].includes(state)).map((fact) => [state, fact.type, fact] as const),
  );

  test.each(refused)("%s cannot be %s", (state, _type, fact) => {
    expect(() => move(status(state), fact)).toThrow(expect.objectContaining({ code: "INTERNAL" }));
  });

  test("done and discarded are final", () => {
    for (const fact of facts) for (const state of ["done", "discarded"] as const) expect(() => move(status(state), fact)).toThrow();
  });
});

describe("over any history", () => {
  test("attempts never exceed the policy, a time is set exactly while it waits, and the key is released exactly at an end", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...facts), { maxLength: 60 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (history, draw) => {
        let current = fresh;
        for (const fact of history) {
          let next;
          try {
            next = transition(current, fact, policy, now, () => draw);
          } catch {
            continue;
          }
          current = next.status;
          expect(current.attempts).toBeGreaterThanOrEqual(0);
          expect(current.attempts).toBeLessThanOrEqual(policy.attempts);
          expect(current.dueAt !== undefined).toBe(current.state === "retrying" || current.state === "scheduled");
          expect(next.effects.some((effect) => effect.type === "release-key")).toBe(["done", "dead", "discarded"].includes(current.state));
          expect(next.effects.some((effect) => effect.type === "dead-letter")).toBe(current.state === "dead");
        }
      }),
    );
  });
});

describe("failureOf", () => {
  test("is final for what a handler refuses for good, and for data that can never pass", () => {
    expect(failureOf(new NonRetryableError("no such card"), now)).toEqual({
      type: "failed",
      failure: { code: "NON_RETRYABLE", message: "no such card", at: now },
      final: true,
      delay: undefined,
    });
    expect(failureOf(new PulseQueueError("PAYLOAD_INVALID", "bad", { issues: [{ path: "a", message: "b" }] }), now)).toMatchObject({
      final: true,
      failure: { issues: [{ path: "a", message: "b" }] },
    });
  });

  test("carries the wait that the handler asks for, and no other error's", () => {
    expect(failureOf(new RetryAfterError("30s", "busy"), now)).toMatchObject({ final: false, delay: 30_000 });
    expect(failureOf(new PulseQueueError("BACKPRESSURE", "full", { retryAfter: 5 }), now)).toMatchObject({ final: false, delay: undefined });
  });

  test("keeps an error's name, message and stack, each within bounds", () => {
    const error = new TypeError("x".repeat(10_000));
    error.stack = "s".repeat(10_000);
    const { failure: kept, final } = failureOf(error, now);
    expect(final).toBe(false);
    expect(kept.code).toBe("HANDLER_FAILED");
    expect(kept.message).toMatch(/^TypeError: x+$/);
    expect([kept.message.length, kept.stack?.length]).toEqual([2_000, 4_000]);
  });

  test.each([
    ["a text", "string"],
    [undefined, "undefined"],
    [null, "object"],
    [{ a: 1 }, "object"],
  ])("takes a thrown %j for a failure and names its type only", (thrown, type) => {
    expect(failureOf(thrown, now)).toMatchObject({ failure: { code: "HANDLER_FAILED", message: `the handler threw ${type}` }, final: false });
  });
});
