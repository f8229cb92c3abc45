import { describe, expect, it } from "vitest";
import { testEpoch, virtualClock } from "./clock.ts";
import { drain, pass, settle, untilEnded } from "./drive.ts";
import { seededRandom } from "./random.ts";

describe("the virtual clock", () => {
  it("stands still, and fires what is due in the order of its times when it is moved", () => {
    const clock = virtualClock();
    const seen: string[] = [];
    for (const delay of [300, 100, 200, 100]) clock.timer(delay, () => seen.push(`${String(delay)} at ${String(clock.monotonic())}`));
    expect(clock.untilNextTimer()).toBe(100);
    clock.advance(99);
    expect(seen).toEqual([]);
    clock.advance(101);
    expect(seen).toEqual(["100 at 100", "100 at 100", "200 at 200"]);
    expect(clock.now()).toBe(testEpoch + 200);
    clock.advance("1m");
    expect(clock.untilNextTimer()).toBeUndefined();
  });

  it("fires a timer that a timer asked for, if it is due too", () => {
    const clock = virtualClock();
    const seen: number[] = [];
    clock.timer(10, () => clock.timer(10, () => seen.push(clock.monotonic())));
    clock.advance(100);
    expect(seen).toEqual([20]);
    expect(clock.monotonic()).toBe(100);
  });

  it("forgets a cancelled timer, and never fires early for a fraction of a millisecond", () => {
    const clock = virtualClock();
    const seen: string[] = [];
    const cancel = clock.timer(10, () => seen.push("cancelled"));
    clock.timer(10.4, () => seen.push("kept"));
    cancel();
    clock.advance(10);
    expect(seen).toEqual([]);
    clock.advance(1);
    expect(seen).toEqual(["kept"]);
  });

  it("jumps on the wall without a timer noticing", () => {
    const clock = virtualClock({ now: 1_000_000 });
    const seen: number[] = [];
    clock.timer(50, () => seen.push(clock.now()));
    clock.jumpTo(5_000_000);
    expect(clock.monotonic()).toBe(0);
    clock.advance(50);
    clock.jumpTo(new Date(2_000));
    expect(seen).toEqual([5_000_050]);
    expect(clock.now()).toBe(2_000);
  });

  it("runs waiting calls in the next turn, those that they ask for in the turn after", async () => {
    const clock = virtualClock();
    const seen: string[] = [];
    clock.soon(() => {
      seen.push("first");
      clock.soon(() => seen.push("third"));
    });
    clock.soon(() => seen.push("second"));
    await Promise.resolve();
    expect(seen).toEqual([]);
    await drain(clock);
    expect(seen).toEqual(["first", "second", "third"]);
  });

  it("runs waiting calls one by one, in an order drawn by the seed, when it is not automatic", async () => {
    const orders = [1, 2, 1].map((seed) => {
      const clock = virtualClock({ automatic: false, random: seededRandom(seed) });
      const seen: number[] = [];
      for (let n = 0; n < 8; n += 1) clock.soon(() => seen.push(n));
      while (clock.step());
      return seen.join("");
    });
    expect(orders[0]).toBe(orders[2]);
    expect(orders[0]).not.toBe(orders[1]);
    const still = virtualClock({ automatic: false });
    still.soon(() => expect.unreachable());
    await new Promise((resolve) => setImmediate(resolve));
    expect(still.pending()).toBe(1);
  });

  it("forgets what a detached port waits for, and takes nothing more from it", async () => {
    const clock = virtualClock();
    const port = clock.port();
    const seen: string[] = [];
    port.timer(10, () => seen.push("timer"));
    port.soon(() => seen.push("call"));
    clock.timer(10, () => seen.push("other"));
    port.detach();
    port.timer(10, () => seen.push("late timer"));
    port.soon(() => seen.push("late call"));
    await drain(clock);
    clock.advance(10);
    expect(seen).toEqual(["other"]);
  });
});

describe("driving", () => {
  it("passes time timer by timer, with the work of each done before the next", async () => {
    const clock = virtualClock();
    const seen: number[] = [];
    const tick = (): void =>
      void clock.timer(
        60_000,
        () =>
          void Promise.resolve()
            .then(() => seen.push(clock.monotonic()), undefined)
            .then(tick),
      );
    tick();
    await pass(clock, "5m");
    expect(seen).toEqual([60_000, 120_000, 180_000, 240_000, 300_000]);
  });

  it("waits for what needs timers, and says so when nothing can move it", async () => {
    const clock = virtualClock();
    const later = new Promise<string>((resolve) => void clock.timer(1_000, () => resolve("done")));
    expect(await untilEnded(clock, later)).toBe("done");
    await expect(untilEnded(clock, new Promise(() => undefined))).rejects.toThrow("never ends");
    await expect(untilEnded(clock, Promise.reject(new Error("its own")))).rejects.toThrow("its own");
  });

  it("settles with the queue's failure when the queue fails", async () => {
    const failing = { idle: () => Promise.reject(new Error("the disk is gone")) };
    await expect(settle(failing as never, virtualClock())).rejects.toThrow("the disk is gone");
  });
});

describe("the seeded source", () => {
  it("gives the same numbers for the same seed, all in [0, 1), spread evenly", () => {
    const draw = (seed: number): readonly number[] => Array.from({ length: 10_000 }, seededRandom(seed));
    const numbers = draw(5);
    expect(draw(5)).toEqual(numbers);
    expect(draw(6)).not.toEqual(numbers);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const share = numbers.filter((number) => Math.floor(number * 10) === tenth).length;
      expect(share).toBeGreaterThan(850);
      expect(share).toBeLessThan(1_150);
    }
  });

  it("draws whole numbers, chances and items, and forks a source of its own", () => {
    const random = seededRandom(1);
    const drawn = new Set(Array.from({ length: 200 }, () => random.below(3)));
    expect(drawn).toEqual(new Set([0, 1, 2]));
    expect(Array.from({ length: 100 }, () => random.chance(0))).not.toContain(true);
    expect(random.chance(1)).toBe(true);
    expect(["a", "b"]).toContain(random.pick(["a", "b"]));
    expect(() => random.pick([])).toThrow(RangeError);
    const [one, two] = [seededRandom(9), seededRandom(9)];
    const fork = one.fork();
    two.fork();
    fork();
    expect(one()).toBe(two());
  });
});
