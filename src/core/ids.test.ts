import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { idMaker } from "./ids.ts";

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const timeOf = (id: string): number => parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

describe("ids", () => {
  test("have the shape of a UUIDv7 and begin with the time in milliseconds", () => {
    const id = idMaker(
      () => 1_790_000_000_123,
      () => 0.5,
    )();
    expect(id).toMatch(uuid7);
    expect(timeOf(id)).toBe(1_790_000_000_123);
  });

  test("keep the shape at both ends of the random range", () => {
    for (const random of [0, 1 - Number.EPSILON / 2]) {
      const make = idMaker(
        () => 1,
        () => random,
      );
      expect(make()).toMatch(uuid7);
    }
  });

  test("are strictly increasing while the clock stands still, past the counter's 4,096 values", () => {
    const make = idMaker(
      () => 1_000,
      () => 0,
    );
    const ids = Array.from({ length: 10_000 }, make);
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(10_000);
    expect(timeOf(ids.at(-1) ?? "")).toBe(1_002);
  });

  test("are strictly increasing whatever the clock does, jumps back included", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(2 ** 47), { minLength: 2, maxLength: 200 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (times, chance) => {
          let index = 0;
          const make = idMaker(
            () => times[index] ?? 0,
            () => chance.next().value as number,
          );
          let last = "";
          for (index = 0; index < times.length; index += 1) {
            const id = make();
            expect(id).toMatch(uuid7);
            expect(id > last).toBe(true);
            last = id;
          }
        },
      ),
    );
  });

  test("use the time again once the clock has caught up with its jump back", () => {
    let now = 5_000;
    const make = idMaker(
      () => now,
      () => 0,
    );
    make();
    now = 1_000;
    expect(timeOf(make())).toBe(5_000);
    now = 6_000;
    expect(timeOf(make())).toBe(6_000);
  });
});
