import { describe, expect, test } from "vitest";
import { errorCatalogue, isPulseQueueError, PulseQueueError, type ErrorCode } from "./errors.ts";
import { NonRetryableError } from "./retry-errors.ts";

describe("the catalogue", () => {
  test.each(Object.entries(errorCatalogue))("%s has an HTTP status of an error and a verdict", (_code, { status, retry }) => {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(["never", "later", "fix-input"]).toContain(retry);
  });

  test("gives what the caller can correct a status of 4xx", () => {
    const wrong = Object.entries(errorCatalogue).filter(([, { retry, status }]) => retry === "fix-input" && status >= 500);
    expect(wrong).toEqual([]);
  });
});

describe("PulseQueueError", () => {
  test("carries its code, and what the catalogue says about it", () => {
    const cause = new Error("below");
    const error = new PulseQueueError("BACKPRESSURE", "the queue is full", { cause, retryAfter: 500, issues: [{ path: "a", message: "b" }] });
    const { fix } = errorCatalogue.BACKPRESSURE;
    expect(error).toMatchObject({
      name: "PulseQueueError",
      code: "BACKPRESSURE",
      message: "the queue is full",
      status: 429,
      retry: "later",
      fix,
      retryAfter: 500,
      cause,
    });
    expect(error.issues).toEqual([{ path: "a", message: "b" }]);
    expect(error).toBeInstanceOf(Error);
  });

  test("has no cause, no issues and no wait unless they are given", () => {
    const error = new PulseQueueError("INTERNAL", "x");
    expect("cause" in error).toBe(false);
    expect(error).toMatchObject({ issues: [], retryAfter: undefined });
  });
});

describe("isPulseQueueError", () => {
  test("knows errors of this copy, of a subclass, and of another copy of the module", () => {
    const other = Object.assign(new Error("x"), { code: "INTERNAL" satisfies ErrorCode, [Symbol.for("pulsequeue.error")]: true });
    for (const error of [new PulseQueueError("INTERNAL", "x"), new NonRetryableError("x"), other]) expect(isPulseQueueError(error)).toBe(true);
  });

  test.each([new Error("x"), { code: "INTERNAL" }, "INTERNAL", null, undefined, 5])("does not take %s for one", (value) => {
    expect(isPulseQueueError(value)).toBe(false);
  });
});
