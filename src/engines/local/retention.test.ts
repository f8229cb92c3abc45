import { describe, expect, test } from "vitest";
import { openLocal, type LocalQueue } from "pulsequeue/local";
import { settle, virtualClock } from "pulsequeue/testing";
import { added, faultApp, items, put, refused, reminded } from "../../../test/faults/app.ts";

const day = 24 * 60 * 60_000;
const data = { bucket: "b", amount: 1, note: "" };

async function open(): Promise<{ readonly queue: LocalQueue; readonly clock: ReturnType<typeof virtualClock> }> {
  const clock = virtualClock();
  const queue = await openLocal(faultApp, { file: ":memory:", clock, retention: "7d" });
  return { queue, clock };
}
const types = async (queue: LocalQueue): Promise<readonly string[]> => (await queue.inspect.events({ limit: 1_000 })).map((event) => event.type).sort();

describe("retention", () => {
  test("removes what is done and old, exactly; the chain still verifies and goes on", async () => {
    const { queue, clock } = await open();
    await queue.start();
    await queue.publishMany(
      added,
      Array.from({ length: 5 }, () => data),
    );
    await settle(queue, clock);
    clock.advance(5 * day);
    await queue.publish(added, data);
    await settle(queue, clock);
    expect(await queue.retain()).toBe(0);
    clock.advance(3 * day);
    await settle(queue, clock);
    await queue.retain();
    // Five events and what they emitted are older than seven days; the sixth, what it emitted and the last ticks are not.
    expect((await types(queue)).filter((type) => type.startsWith("item."))).toEqual(["item.added", "item.counted"]);
    expect(await queue.inspect.table(items).all()).toHaveLength(6);
    expect(await queue.verify()).toMatchObject({ ok: true, problems: [] });
    await queue.publish(added, data);
    await settle(queue, clock);
    expect(await queue.verify()).toMatchObject({ ok: true });
    await queue.close();
  });

  test("keeps the events of dead letters, of what is scheduled and of what is not handled yet, however old", async () => {
    const { queue, clock } = await open();
    await queue.operate.pause("count", { reason: "not now" });
    await queue.start();
    await queue.publish(refused, { reason: "no" });
    await queue.publish(reminded, { text: "later" }, { delay: "100d" });
    await settle(queue, clock);
    await queue.publish(added, data);
    clock.advance(40 * day);
    await settle(queue, clock);
    await queue.retain();
    expect((await types(queue)).filter((type) => !type.startsWith("pulsequeue."))).toEqual(["item.added", "item.refused", "reminder.due"]);
    expect(await queue.inspect.deadLetters()).toMatchObject([{ state: "dead", event: { type: "item.refused", data: { reason: "no" } } }]);
    expect(await queue.verify()).toMatchObject({ ok: true, problems: [] });
    // They go once nobody needs them any more.
    await queue.operate.discard({ all: true }, { reason: "known" });
    await queue.operate.resume("count", { reason: "now" });
    await settle(queue, clock);
    clock.advance(40 * day);
    await settle(queue, clock);
    await queue.retain();
    expect((await types(queue)).filter((type) => !type.startsWith("pulsequeue."))).toEqual(["reminder.due"]);
    expect(await queue.verify()).toMatchObject({ ok: true, problems: [] });
    await queue.close();
  });

  test("does not know an event's identity any more once it is gone, and knows it as long as it is there", async () => {
    const { queue, clock } = await open();
    await queue.start();
    await queue.publish(added, data, { id: "one" });
    await settle(queue, clock);
    clock.advance(6 * day);
    expect(await queue.publish(added, data, { id: "one" })).toMatchObject({ duplicate: true });
    clock.advance(2 * day);
    await settle(queue, clock);
    await queue.retain();
    expect(await queue.publish(added, data, { id: "one" })).toMatchObject({ duplicate: false });
    await queue.close();
  });

  test("runs by itself every hour", async () => {
    const { queue, clock } = await open();
    await queue.start();
    await queue.publish(added, data);
    await settle(queue, clock);
    for (let hours = 0; hours < 24 * 8; hours += 1) {
      clock.advance(60 * 60_000);
      await settle(queue, clock);
    }
    expect((await types(queue)).filter((type) => type.startsWith("item."))).toEqual([]);
    await queue.close();
  });

  test("forgets answers to requests after a day", async () => {
    const { queue, clock } = await open();
    const request = { body: { bucket: "b" }, idempotencyKey: "key" };
    const first = await queue.invoke(put, request);
    clock.advance(day - 1_000);
    await queue.retain();
    expect(await queue.invoke(put, request)).toEqual({ ...first, replayed: true });
    clock.advance(2_000);
    await queue.retain();
    expect(await queue.invoke(put, request)).toMatchObject({ replayed: false });
    await queue.close();
  });

  test("survives a reopening: the chain hangs on what retention left", async () => {
    const { queue, clock } = await open();
    await queue.start();
    await queue.publishMany(
      added,
      Array.from({ length: 5 }, () => data),
    );
    await settle(queue, clock);
    clock.advance(8 * day);
    await settle(queue, clock);
    await queue.retain();
    const { head } = await queue.facts();
    const image = queue.image();
    await queue.close();
    const again = await openLocal(faultApp, { file: ":memory:", clock, simulate: { image } });
    expect(await again.facts()).toMatchObject({ head });
    await again.publish(added, data);
    expect(await again.verify()).toMatchObject({ ok: true, problems: [] });
    await again.close();
  });
});
