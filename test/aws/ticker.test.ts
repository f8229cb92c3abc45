import { expect, test } from "vitest";
import { defineApp } from "../../src/core/app.ts";
import { defineSchedule } from "../../src/core/schedule.ts";
import { tickerEntry } from "../../src/engines/aws/entries/schedule.ts";
import { changed, deploy, type Deployed } from "./fixture.ts";

const sweep = defineSchedule("sweep", { every: "20s", emits: [changed], handle: () => undefined });
const nightly = defineSchedule("nightly", { cron: "0 3 * * *", emits: [changed], handle: () => undefined });
const app = defineApp("shop", { schedules: [sweep, nightly], unhandled: [changed] });

/** Ticks in the journal by schedule: seconds since the epoch of the test, and when each is due. */
function ticks(shop: Deployed, start: number, schedule = "sweep"): readonly (readonly [at: number, due: number | undefined])[] {
  return shop
    .items(shop.runtime.deployment.journal)
    .filter((item) => item["t"]?.S === `pulsequeue.schedule.${schedule}`)
    .map((item) => {
      const { scheduledAt } = JSON.parse(item["b"]?.S ?? "{}") as { scheduledAt: string };
      const due = item["du"]?.N;
      return [(Date.parse(scheduledAt) - start) / 1_000, due === undefined ? undefined : (Number(due) - start) / 1_000] as const;
    })
    .sort(([left], [right]) => left - right);
}

test("ticks of the minute to come are events that are due at their times, each once", async () => {
  const shop = deploy(app);
  const tick = tickerEntry(app, shop.options);
  const start = shop.clock.now();
  await shop.settle(tick());
  expect(ticks(shop, start)).toEqual([20, 40, 60, 80].map((at) => [at, at]));
  shop.clock.advance("60s");
  await shop.settle(Promise.all([tick(), tick()]));
  expect(ticks(shop, start)).toEqual([20, 40, 60, 80, 100, 120, 140].map((at) => [at, at]));
});

test("of ticks that were missed the latest is made up", async () => {
  const shop = deploy(app);
  const tick = tickerEntry(app, shop.options);
  const start = shop.clock.now();
  await shop.settle(tick());
  shop.clock.advance("10m");
  await shop.settle(tick());
  expect(ticks(shop, start).slice(4)).toEqual([[600, undefined], ...[620, 640, 660, 680].map((at) => [at, at])]);
});

test("a schedule that has not begun makes up nothing", async () => {
  const shop = deploy(app);
  const start = shop.clock.now();
  shop.clock.advance("4h");
  await shop.settle(tickerEntry(app, shop.options)());
  expect(ticks(shop, start, "nightly")).toEqual([]);
});

test("a start that is cut off before it is noted appends nothing twice", async () => {
  const shop = deploy(app);
  const tick = tickerEntry(app, shop.options);
  const start = shop.clock.now();
  shop.fail((command, input) =>
    command === "PutItem" && JSON.stringify(input).includes("tick#") ? { when: "before", error: new Error("killed") } : undefined,
  );
  await expect(shop.settle(tick())).rejects.toMatchObject({ code: "INTERNAL" });
  shop.fail(undefined);
  await shop.settle(tick());
  expect(ticks(shop, start)).toHaveLength(4);
});
