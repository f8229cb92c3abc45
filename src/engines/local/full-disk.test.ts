import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { isPulseQueueError, type InvokeRequest } from "pulsequeue";
import { openLocal, type LocalQueue } from "pulsequeue/local";
import { virtualClock, settle } from "pulsequeue/testing";
import { added, faultApp, follows, items, put } from "../../../test/faults/app.ts";
import { testFolder } from "../../../test/faults/folder.ts";

/** A disk of 4 MiB; `undefined` where mounting is not permitted. */
function smallDisk(): string | undefined {
  const folder = testFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => {
    execFileSync("umount", ["-l", folder]);
  });
  return folder;
}

const canMount = ((): boolean => {
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** Takes all the space that is left. */
function fill(folder: string): void {
  const descriptor = openSync(join(folder, "filler"), "a");
  try {
    for (const size of [65_536, 4_096]) {
      const block = Buffer.alloc(size, 1);
      try {
        for (;;) if (writeSync(descriptor, block) < size) break;
      } catch {
        // full for this size
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

const large = { bucket: "b", amount: 1, note: "n".repeat(20_000) };

/** Publishes until the disk is full; answers the ids that were acknowledged. */
async function publishUntilFull(queue: LocalQueue): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  for (let tries = 0; tries < 2_000; tries += 1) {
    const outcome: unknown = await queue.publish(added, large).catch((error: unknown) => error);
    if (isPulseQueueError(outcome)) {
      expect(outcome).toMatchObject({ code: "STORE_FULL", status: 507, retry: "later", retryAfter: expect.any(Number) });
      return acknowledged;
    }
    acknowledged.push((outcome as { readonly id: string }).id);
  }
  throw new Error("the disk is never full");
}

/** Sends requests until one finds the disk full; answers that one. */
async function requestUntilFull(queue: LocalQueue): Promise<InvokeRequest> {
  for (let tries = 0; tries < 2_000; tries += 1) {
    const request = { body: { bucket: "b" }, idempotencyKey: `request-${tries}` };
    const outcome: unknown = await queue.invoke(put, request).catch((error: unknown) => error);
    if (!isPulseQueueError(outcome)) continue;
    expect(outcome).toMatchObject({ code: "STORE_FULL" });
    return request;
  }
  throw new Error("the disk is never full");
}

const describeOnSmallDisk = describe.skipIf(!canMount);
describeOnSmallDisk(`a full disk${canMount ? "" : " (mounting is not permitted here)"}`, () => {
  test("is an answer to the publisher; what was acknowledged stays, and the queue goes on by itself", async () => {
    const folder = smallDisk() ?? "";
    const file = join(folder, "app.db");
    const queue = await openLocal(faultApp, { file });
    const first = await publishUntilFull(queue);
    expect(first.length).toBeGreaterThan(10);
    // Reads and what is stored already are served meanwhile.
    expect(await queue.inspect.events({ limit: 1_000 })).toHaveLength(first.length);
    await expect(queue.publish(added, large)).rejects.toMatchObject({ code: "STORE_FULL" });
    fill(folder);
    const refused = await requestUntilFull(queue);
    expect(await queue.readiness()).toEqual({ ready: false, checks: { store: "full" } });
    execFileSync("mount", ["-o", "remount,size=32m", folder]);
    expect(await queue.readiness()).toMatchObject({ ready: true, checks: { store: "writable", oldestReadyMilliseconds: expect.any(Number) as number } });
    const { id } = await queue.publish(added, large);
    expect(await queue.invoke(put, refused)).toMatchObject({ status: 201, replayed: false });
    expect((await queue.verify()).problems).toEqual([]);
    await queue.close();
    const again = await openLocal(faultApp, { file });
    const stored = (await again.inspect.events({ limit: 1_000 })).map((event) => event.id);
    expect(stored.sort()).toEqual([...first, id].sort());
    await again.close();
  });

  test("holds up a handler and loses nothing of its work: it is done once there is space", async () => {
    const folder = smallDisk() ?? "";
    const clock = virtualClock();
    const log: string[] = [];
    const queue = await openLocal(faultApp, {
      file: join(folder, "app.db"),
      clock,
      observe: (fact) => {
        if (fact.type === "log") log.push(String(fact.fields["code"]));
      },
    });
    const ids = await publishUntilFull(queue);
    fill(folder);
    await queue.start();
    await settle(queue, clock, { stop: () => log.includes("STORE_FULL") });
    expect(log).toContain("STORE_FULL");
    const [view] = await queue.inspect.deliveries({ eventId: ids.at(-1) ?? "" });
    expect(view).toMatchObject({ handler: "count", failure: undefined });
    execFileSync("mount", ["-o", "remount,size=64m", folder]);
    await settle(queue, clock);
    const rows = await queue.inspect.table(items).all();
    expect(rows.map((row) => row.id).sort()).toEqual([...ids].sort());
    expect(rows.every((row) => row.times === 1)).toBe(true);
    expect(await queue.inspect.table(follows).all()).toHaveLength(ids.length);
    const attempts = (await Promise.all(ids.map((eventId) => queue.inspect.deliveries({ eventId })))).flat().map((delivery) => delivery.attempts);
    expect(new Set(attempts)).toEqual(new Set([1]));
    expect((await queue.verify()).ok).toBe(true);
    await queue.close();
  });

  test("does not keep close from freeing the file, and the next start finds everything", async () => {
    const folder = smallDisk() ?? "";
    const file = join(folder, "app.db");
    const queue = await openLocal(faultApp, { file });
    const ids = await publishUntilFull(queue);
    fill(folder);
    // A refused write leaves room at the end of the log, so that what close has to write may fit.
    const closing: unknown = await queue.close().catch((error: unknown) => error);
    if (closing !== undefined) expect(closing).toMatchObject({ code: "STORE_FULL" });
    rmSync(join(folder, "filler"));
    execFileSync("mount", ["-o", "remount,size=32m", folder]);
    const again = await openLocal(faultApp, { file });
    expect(await again.inspect.events({ limit: 1_000 })).toHaveLength(ids.length);
    expect((await again.verify()).ok).toBe(true);
    await again.close();
  });

  test("ends a backup and leaves nothing of it", async () => {
    const disk = smallDisk() ?? "";
    const queue = await openLocal(faultApp, { file: join(testFolder(), "app.db") });
    await queue.publishMany(
      added,
      Array.from({ length: 400 }, () => large),
    );
    await expect(queue.backup(join(disk, "copy.db"))).rejects.toMatchObject({ code: "STORE_FULL" });
    for (const name of ["copy.db", "copy.db-partial", "copy.db-partial-journal"]) expect(existsSync(join(disk, name))).toBe(false);
    await queue.publish(added, large);
    await queue.close();
  });

  test("refuses a new file with the same answer, and takes it once there is space", async () => {
    const folder = smallDisk() ?? "";
    fill(folder);
    const file = join(folder, "app.db");
    await expect(openLocal(faultApp, { file })).rejects.toMatchObject({ code: "STORE_FULL" });
    rmSync(join(folder, "filler"));
    const queue = await openLocal(faultApp, { file });
    await queue.publish(added, large);
    await queue.close();
  });
});
