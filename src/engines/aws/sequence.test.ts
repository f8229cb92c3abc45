import { expect, test } from "vitest";
import { sequenceAt, sequenceMaker, timeOfSequence } from "./sequence.ts";

test("numbers grow while the clock stands still, jumps back and goes on", () => {
  let now = 1_000;
  const next = sequenceMaker(
    () => now,
    () => 0.9,
  );
  const numbers: number[] = [];
  for (const time of [1_000, 1_000, 400, 1_001, 1_001]) {
    now = time;
    numbers.push(...Array.from({ length: 3_000 }, next));
  }
  expect(numbers).toEqual([...new Set(numbers)].sort((left, right) => left - right));
});

test("a number tells its time, and a time the least number", () => {
  const now = Date.UTC(2039, 7, 1);
  const number = sequenceMaker(
    () => now,
    () => 0.5,
  )();
  expect(timeOfSequence(number)).toBe(now);
  expect(number).toBeGreaterThanOrEqual(sequenceAt(now));
  expect(Number.isSafeInteger(number)).toBe(true);
});

test("a number is above what it must follow, and those after it too", () => {
  const next = sequenceMaker(
    () => 1_000,
    () => 0,
  );
  const cause = sequenceAt(2_000);
  expect(next(cause)).toBe(cause + 1);
  expect(next()).toBe(cause + 2);
});

test("two makers begin a millisecond with different numbers", () => {
  const [one, other] = [0.1, 0.2].map((random) =>
    sequenceMaker(
      () => 1_000,
      () => random,
    )(),
  );
  expect(one).not.toBe(other);
});
