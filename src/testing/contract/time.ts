import assert from "node:assert/strict";
import { defineApp } from "../../core/app.ts";
import { defineEvent } from "../../core/event.ts";
import { defineHandler } from "../../core/handler.ts";
import { defineSchedule } from "../../core/schedule.ts";
import { count, counters, plain, shape, single } from "./fixtures.ts";
import { casesOf } from "./types.ts";

const noting = (seen: number[]): ReturnType<typeof defineApp> =>
  defineApp("contract", { handlers: [defineHandler("note", { on: plain, handle: (event) => void seen.push(event.data.n) })] });

export const delayCases = casesOf("delay", {
  "a delayed event is delivered at its time, not before": async ({ open }) => {
    const seen: number[] = [];
    const engine = await open(noting(seen));
    await engine.queue.publish(plain, { n: 1 }, { delay: "10m" });
    await engine.drain();
    const delivery = single(await engine.queue.inspect.deliveries());
    assert.equal(delivery.state, "scheduled");
    assert.equal(Date.parse(delivery.dueAt ?? ""), engine.clock.now() + 600_000);
    await engine.pass("599999ms");
    assert.deepEqual(seen, []);
    await engine.pass("1ms");
    assert.deepEqual(seen, [1]);
  },
  "a time may be a date or milliseconds, and one in the past means at once": async ({ open }) => {
    const seen: number[] = [];
    const engine = await open(noting(seen));
    const now = engine.clock.now();
    await engine.queue.publish(plain, { n: 1 }, { at: new Date(now + 60_000) });
    await engine.queue.publish(plain, { n: 2 }, { at: now + 30_000 });
    await engine.queue.publish(plain, { n: 3 }, { at: now - 30_000 });
    await engine.drain();
    assert.deepEqual(seen, [3]);
    await engine.pass("30s");
    assert.deepEqual(seen, [3, 2]);
    await engine.pass("30s");
    assert.deepEqual(seen, [3, 2, 1]);
  },
  "idle does not wait for what is scheduled": async ({ open }) => {
    const seen: number[] = [];
    const engine = await open(noting(seen));
    await engine.queue.publish(plain, { n: 1 }, { delay: "1h" });
    const before = engine.clock.monotonic();
    await engine.settle();
    assert.equal(engine.clock.monotonic(), before);
    assert.deepEqual(seen, []);
  },
  "a delay outlives a restart, and what fell due meanwhile is delivered then": async ({ open }) => {
    const seen: number[] = [];
    const engine = await open(noting(seen));
    await engine.queue.publish(plain, { n: 1 }, { delay: "10m" });
    await engine.queue.publish(plain, { n: 2 }, { delay: "2h" });
    await engine.restart("clean", { start: false });
    await engine.pass("1h");
    assert.deepEqual(seen, []);
    await engine.queue.start();
    await engine.drain();
    assert.deepEqual(seen, [1]);
    await engine.pass("1h");
    assert.deepEqual(seen, [1, 2]);
  },
  "many timers fire once each, in the order of their times": async ({ open }) => {
    const seen: number[] = [];
    const engine = await open(noting(seen));
    const delays = [50, 10, 40, 10, 30, 20, 60];
    for (const seconds of delays) await engine.queue.publish(plain, { n: seconds }, { delay: seconds * 1_000 });
    await engine.pass("5m");
    assert.deepEqual(
      seen,
      [...delays].sort((a, b) => a - b),
    );
  },
  "a duplicate of a delayed event changes nothing": async ({ open }) => {
    const seen: number[] = [];
    const engine = await open(noting(seen));
    await engine.queue.publish(plain, { n: 1 }, { id: "one", delay: "10m" });
    assert.equal((await engine.queue.publish(plain, { n: 1 }, { id: "one" })).duplicate, true);
    await engine.pass("9m");
    assert.deepEqual(seen, []);
    await engine.pass("1m");
    assert.deepEqual(seen, [1]);
  },
});

const ticked = defineEvent("ticked", { schema: shape({ scheduledAt: "string" }) });

/** An app with a schedule that emits `ticked`, and the times that came. */
function ticking(cadence: { readonly every: "1m" } | { readonly cron: string; readonly timezone?: string }): {
  readonly app: ReturnType<typeof defineApp>;
  readonly seen: string[];
} {
  const seen: string[] = [];
  const schedule = defineSchedule("tick", { ...cadence, emits: [ticked] });
  const handler = defineHandler("note", { on: ticked, handle: (event) => void seen.push(event.data.scheduledAt) });
  return { app: defineApp("contract", { handlers: [handler], schedules: [schedule] }), seen };
}

export const scheduleCases = casesOf("schedules", {
  "every: a tick at each multiple": async ({ open }) => {
    const { app, seen } = ticking({ every: "1m" });
    const engine = await open(app);
    await engine.pass("59s");
    assert.deepEqual(seen, []);
    await engine.pass("121s");
    assert.deepEqual(seen, ["2026-01-01T00:01:00.000Z", "2026-01-01T00:02:00.000Z", "2026-01-01T00:03:00.000Z"]);
  },
  "cron: a tick at each time it names, in its timezone": async ({ open }) => {
    const { app, seen } = ticking({ cron: "30 9 * * *", timezone: "Europe/Berlin" });
    const engine = await open(app);
    await engine.pass("49h");
    assert.deepEqual(seen, ["2026-01-01T08:30:00.000Z", "2026-01-02T08:30:00.000Z"]);
  },
  "a restart repeats no tick": async ({ open }) => {
    const { app, seen } = ticking({ every: "1m" });
    const engine = await open(app);
    await engine.pass("1m");
    await engine.restart("clean");
    await engine.pass("30s");
    await engine.restart("clean");
    await engine.pass("30s");
    assert.deepEqual(seen, ["2026-01-01T00:01:00.000Z", "2026-01-01T00:02:00.000Z"]);
  },
  "a tick may work on tables, is tried again, and becomes a dead letter": async ({ open }) => {
    let failing = 1;
    const schedule = defineSchedule("tick", {
      every: "1h",
      writes: [counters],
      async handle(tick, ctx) {
        await count(ctx.tables.counters, tick.scheduledAt);
        if (failing > 0) {
          failing -= 1;
          throw new Error("again");
        }
      },
    });
    const engine = await open(defineApp("contract", { schedules: [schedule] }));
    await engine.pass("1h");
    await engine.settle();
    assert.deepEqual(await engine.queue.inspect.table(counters).all(), [{ id: "2026-01-01T01:00:00.000Z", count: 1 }]);
    failing = 1_000;
    await engine.pass("59m");
    await engine.pass("5m");
    await engine.settle();
    const dead = single(await engine.queue.inspect.deadLetters());
    assert.deepEqual([dead.handler, dead.attempts], ["tick", 5]);
  },
});

export const missedTickCases = casesOf(
  "schedules",
  {
    "ticks that were missed are made up by one, the latest": async ({ open }) => {
      const { app, seen } = ticking({ every: "1m" });
      const engine = await open(app);
      await engine.pass("1m");
      await engine.restart("clean", { start: false });
      engine.clock.advance("30m");
      await engine.queue.start();
      await engine.drain();
      assert.deepEqual(seen, ["2026-01-01T00:01:00.000Z", "2026-01-01T00:31:00.000Z"]);
      await engine.pass("1m");
      assert.equal(seen.at(-1), "2026-01-01T00:32:00.000Z");
      assert.equal(seen.length, 3);
    },
  },
  ["start"],
);
