import type * as fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { added, faultApp, items } from "../../../test/faults/app.ts";
import { testFolder } from "../../../test/faults/folder.ts";
import { openLocal, type LocalQueue } from "./index.ts";

type Told = (error: NodeJS.ErrnoException | null) => void;

/** Syncs of the log that were asked for, and wait until a test lets them happen. */
const asked = vi.hoisted(() => ({ syncs: [] as Told[], onAsked: (): void => undefined }));

vi.mock("node:fs", async (importOriginal) => {
  const original = await importOriginal<typeof fs>();
  const held = (descriptor: number, told: Told): void => {
    asked.syncs.push((error) => {
      if (error === null) original.fsync(descriptor, told);
      else told(error);
    });
    asked.onAsked();
  };
  return { ...original, fsync: held };
});

const data = { bucket: "b", amount: 1, note: "" };

/** The next sync of the log, when it is asked for. */
async function nextSync(): Promise<Told> {
  if (asked.syncs.length === 0)
    await new Promise<void>((resolve) => {
      asked.onAsked = resolve;
    });
  const [sync] = asked.syncs.splice(0, 1);
  if (sync === undefined) throw new Error("no sync was asked for");
  return sync;
}

/** From here on every sync happens. */
function letHappen(): void {
  asked.onAsked = () => {
    for (const sync of asked.syncs.splice(0)) sync(null);
  };
  asked.onAsked();
}

describe("a commit whose sync is under way", () => {
  let queue: LocalQueue;

  beforeEach(async () => {
    asked.syncs.length = 0;
    asked.onAsked = () => undefined;
    queue = await openLocal(faultApp, { file: join(testFolder(), "app.db") });
  });
  afterEach(async () => {
    letHappen();
    await queue.close().catch(() => undefined); // of one that was ended, or is closed
  });

  test("is told to nobody: not to who published, not to who asks, not to a handler", async () => {
    const told: string[] = [];
    await queue.start();
    const published = queue.publish(added, data, { id: "one" }).then(() => told.push("receipt"));
    const sync = await nextSync();
    const seen = queue.inspect.events().then((events) => told.push(`inspect ${String(events.length)}`));
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    expect(told).toEqual([]);
    expect(asked.syncs).toEqual([]); // a handler's commit would have asked for one
    sync(null);
    await Promise.all([published, seen]);
    expect(told).toEqual(["receipt", "inspect 1"]);
    letHappen();
    await queue.idle();
    expect(await queue.inspect.table(items).all()).toHaveLength(1);
  });

  test("keeps what comes meanwhile from being written; all of it shares the next one", async () => {
    const first = queue.publish(added, data);
    const sync = await nextSync();
    const others = [1, 2, 3].map((amount) => queue.publish(added, { ...data, amount }));
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    expect(await queue.facts()).toMatchObject({ head: 1 });
    sync(null);
    await first;
    (await nextSync())(null);
    await Promise.all(others);
    expect(asked.syncs).toEqual([]);
    expect(await queue.facts()).toMatchObject({ head: 4 });
  });

  test("ends the engine when the sync fails: it and what waits for it are acknowledged to nobody", async () => {
    const published = queue.publish(added, data);
    const sync = await nextSync();
    const waiting = queue.publish(added, data);
    sync(Object.assign(new Error("EIO"), { code: "EIO", syscall: "fsync" }));
    await expect(published).rejects.toMatchObject({ code: "STORE_FAILED" });
    await expect(waiting).rejects.toMatchObject({ code: "STORE_FAILED" });
    await expect(queue.publish(added, data)).rejects.toMatchObject({ code: "STORE_FAILED" });
  });

  test("is waited for by close", async () => {
    const published = queue.publish(added, data);
    const sync = await nextSync();
    const closed = queue.close();
    sync(null);
    await published;
    (await nextSync())(null); // the mark that it was closed
    await closed;
    await expect(queue.publish(added, data)).rejects.toMatchObject({ code: "QUEUE_CLOSED" });
  });
});
