import { describe, expect, test } from "vitest";
import { defineApp, defineEvent, defineHandler, RetryAfterError } from "pulsequeue";
import { openLocal, type LocalQueue } from "pulsequeue/local";
import { pass, settle, virtualClock, type VirtualClock } from "pulsequeue/testing";
import { z } from "zod";

const noted = defineEvent("note.taken", { schema: z.object({ text: z.string() }) });
const day = 24 * 60 * 60_000;

/** Keeps what its handler was called with; an event with the text "later" fails once and wants to be tried in an hour. */
function notingApp() {
  const heard: string[] = [];
  const listen = defineHandler("listen", {
    on: noted,
    handle({ data }, ctx) {
      if (data.text === "later" && ctx.attempt === 1) throw new RetryAfterError("1h", "not now");
      heard.push(data.text);
    },
  });
  return { app: defineApp("clocks", { handlers: [listen] }), heard };
}

/** Closes the queue and opens it again on the same state, with the wall clock moved by `jump` meanwhile. */
async function restart(queue: LocalQueue, clock: VirtualClock, jump: number, app: ReturnType<typeof notingApp>["app"]): Promise<LocalQueue> {
  const image = queue.image();
  await queue.close();
  clock.jumpTo(clock.now() + jump);
  const again = await openLocal(app, { file: ":memory:", clock, simulate: { image } });
  await again.start();
  return again;
}

describe.each([
  ["a day forth", day],
  ["a day back", -day],
  ["a second forth", 1_000],
  ["a second back", -1_000],
  ["to 2038 and beyond", Date.UTC(2039, 0, 1) - Date.UTC(2026, 0, 1)],
  ["to 1970", -Date.UTC(2026, 0, 1)],
])("the wall clock jumps %s", (_what, jump) => {
  test("while the queue is open: what is scheduled and what is retried comes when its time has passed, not before", async () => {
    const clock = virtualClock();
    const { app, heard } = notingApp();
    const queue = await openLocal(app, { file: ":memory:", clock });
    await queue.start();
    await queue.publish(noted, { text: "in an hour" }, { delay: "1h" });
    await queue.publish(noted, { text: "later" });
    await pass(clock, 1_000);
    clock.jumpTo(clock.now() + jump);
    await queue.publish(noted, { text: "at once" });
    await pass(clock, "58m");
    expect(heard).toEqual(["at once"]);
    await pass(clock, "3m");
    expect(heard.toSorted()).toEqual(["at once", "in an hour", "later"]);
    await queue.close();
  });

  test("while the queue is open: stamps and ids go on as if it had not", async () => {
    const clock = virtualClock();
    const { app } = notingApp();
    const queue = await openLocal(app, { file: ":memory:", clock });
    await queue.publish(noted, { text: "before" });
    clock.advance(10);
    clock.jumpTo(clock.now() + jump);
    await queue.publish(noted, { text: "after" });
    const [after, before] = await queue.inspect.events();
    expect(Date.parse(after?.time ?? "") - Date.parse(before?.time ?? "")).toBe(10);
    expect((after?.id ?? "") > (before?.id ?? "")).toBe(true);
    await queue.close();
  });
});

describe("the wall clock is set back between two starts", () => {
  test.each([day, 1_000, 1])("by %i ms: ids and stamps grow all the same, and the journal is in the order of acceptance", async (jump) => {
    const clock = virtualClock();
    const { app } = notingApp();
    let queue = await openLocal(app, { file: ":memory:", clock });
    const ids: string[] = [];
    for (let life = 0; life < 4; life += 1) {
      for (let index = 0; index < 50; index += 1) ids.push((await queue.publish(noted, { text: `${life}/${index}` })).id);
      queue = await restart(queue, clock, -jump, app);
    }
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    const events = await queue.inspect.events({ after: 0, limit: 1_000 });
    expect(events.map((event) => event.id)).toEqual(ids);
    expect(events.map((event) => event.sequence)).toEqual(ids.map((_id, index) => index + 1));
    const times = events.map((event) => event.time);
    expect(times.toSorted()).toEqual(times);
    await queue.close();
  });

  test("what is scheduled waits its whole time, and not longer than that", async () => {
    const clock = virtualClock();
    const { app, heard } = notingApp();
    const queue = await openLocal(app, { file: ":memory:", clock });
    await queue.publish(noted, { text: "in an hour" }, { delay: "1h" });
    const again = await restart(queue, clock, -day, app);
    await pass(clock, "59m");
    expect(heard).toEqual([]);
    await pass(clock, "2m");
    expect(heard).toEqual(["in an hour"]);
    await again.close();
  });
});

test("the wall clock is set forth between two starts: what is due by it comes once, and nothing twice", async () => {
  const clock = virtualClock();
  const { app, heard } = notingApp();
  const queue = await openLocal(app, { file: ":memory:", clock });
  await queue.publish(noted, { text: "in an hour" }, { delay: "1h" });
  await queue.publish(noted, { text: "in two days" }, { delay: "2d" });
  const again = await restart(queue, clock, day, app);
  await settle(again, clock);
  expect(heard).toEqual(["in an hour"]);
  await pass(clock, "1d");
  expect(heard).toEqual(["in an hour", "in two days"]);
  await again.close();
});

test("a clock that stands still gives every event its own id, in order", async () => {
  const clock = virtualClock();
  const { app } = notingApp();
  const queue = await openLocal(app, { file: ":memory:", clock });
  const receipts = await queue.publishMany(
    noted,
    Array.from({ length: 10_000 }, () => ({ text: "same" })),
  );
  const ids = receipts.map((receipt) => receipt.id);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(10_000);
  await queue.close();
});
