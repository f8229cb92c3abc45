import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { machineClock } from "./clock.ts";

let now = 0;

beforeEach(() => {
  now = 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  vi.spyOn(performance, "now").mockImplementation(() => now);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Lets a timeout end at a time of the monotonic clock that may be another than the timeout's own. */
function pass(timeout: number, monotonic: number): void {
  now = monotonic;
  vi.advanceTimersByTime(timeout);
}

test("a timer whose timeout ends early waits for the rest", () => {
  const fn = vi.fn();
  machineClock.timer(10, fn);
  pass(10, 9.4);
  expect(fn).not.toHaveBeenCalled();
  pass(1, 10.1);
  expect(fn).toHaveBeenCalledOnce();
});

test("a timer without a delay is not called at once", () => {
  const fn = vi.fn();
  machineClock.timer(0, fn);
  expect(fn).not.toHaveBeenCalled();
  pass(1, 1);
  expect(fn).toHaveBeenCalledOnce();
});

test("a wait longer than a timeout takes is cut into several", () => {
  const fn = vi.fn();
  const days = 30 * 24 * 60 * 60_000;
  machineClock.timer(days, fn);
  pass(2 ** 31 - 1, 2 ** 31 - 1);
  expect(fn).not.toHaveBeenCalled();
  pass(days - 2 ** 31 + 1, days);
  expect(fn).toHaveBeenCalledOnce();
});

test("a cancelled timer is not called, nor one that is cancelled while it waits for the rest", () => {
  const fn = vi.fn();
  machineClock.timer(10, fn)();
  const cancel = machineClock.timer(10, fn);
  pass(10, 9.4);
  cancel();
  pass(10, 30);
  expect(fn).not.toHaveBeenCalled();
});
