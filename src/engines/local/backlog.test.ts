import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isPulseQueueError } from "pulsequeue";
import { openLocal } from "pulsequeue/local";
import { added, faultApp, items } from "../../../test/faults/app.ts";
import { testFolder } from "../../../test/faults/folder.ts";
import { startChild } from "../../../test/faults/process.ts";

const data = { bucket: "b", amount: 1, note: "" };

describe("a large backlog", () => {
  const events = 200_000;
  // The page cache is 32 MiB; the rest is what the garbage collector leaves lying about between two collections.
  const bound = 100;

  test(`of ${events.toLocaleString("en")} waiting events is on disk: memory grows by ${bound} MiB at most, and not with its length`, async () => {
    const child = startChild("backlog.ts", join(testFolder(), "app.db"), String(events), "20000");
    expect(await child.ended).toBe(0);
    const said = new Map(child.lines.map((line) => line.split(" ")).map(([what = "", value]) => [what, Number(value)]));
    const of = (what: string): number => said.get(what) ?? Number.NaN;
    expect(of("head")).toBeGreaterThan(events + 1_000);
    expect(of("half") - of("empty")).toBeLessThan(bound);
    expect(of("whole") - of("half")).toBeLessThan(bound / 4);
    expect(of("whole-held") - of("half-held")).toBeLessThan(1);
    expect(of("worked") - of("empty")).toBeLessThan(bound);
    expect(of("peak")).toBeLessThan(256);
    expect(of("log")).toBeLessThan(40);
  }, 180_000);
});

describe("more than the disk takes", () => {
  test("is refused with BACKPRESSURE beyond 20,000 waiting writes; what was accepted is kept, and it goes on afterwards", async () => {
    const queue = await openLocal(faultApp, { file: ":memory:" });
    const answers = await Promise.allSettled(Array.from({ length: 20_100 }, () => queue.publish(added, data)));
    const refused = answers.filter((answer) => answer.status === "rejected");
    expect(refused).toHaveLength(100);
    for (const { reason } of refused) {
      expect(reason).toMatchObject({ code: "BACKPRESSURE", status: 429, retry: "later" });
      expect(isPulseQueueError(reason) && (reason.retryAfter ?? 0) > 0).toBe(true);
    }
    expect(await queue.facts()).toMatchObject({ head: 20_000 });
    await queue.publish(added, data);
    await queue.start();
    await queue.idle();
    expect(await queue.inspect.table(items).all()).toHaveLength(20_001);
    await queue.close();
  });

  test("is refused beyond 64 MiB that wait", async () => {
    const queue = await openLocal(faultApp, { file: ":memory:" });
    const large = { ...data, note: "n".repeat(250_000) };
    const answers = await Promise.allSettled(Array.from({ length: 300 }, () => queue.publish(added, large)));
    const refused = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason as unknown] : []));
    expect(refused.length).toBeGreaterThan(20);
    for (const reason of refused) expect(reason).toMatchObject({ code: "BACKPRESSURE" });
    const { head } = await queue.facts();
    expect(head).toBe(300 - refused.length);
    expect(head * 250_000).toBeLessThan(65 * 1024 * 1024);
    await queue.close();
  });
});
