/**
 * Publishes, handles, backs up and closes on a disk that fails at some call, and says in lines what it was told.
 * Usage: victim.js <file> <small | large>; `large` fills the log, so that it is copied into the file under way.
 */
import { writeSync } from "node:fs";
import { isPulseQueueError } from "pulsequeue";
import { openLocal, type LocalQueue } from "pulsequeue/local";
import { added, charged, faultApp, put, refused, reminded } from "./app.ts";

const [file = "", size = "small"] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);

/** Tries until it succeeds or cannot: a full disk is met again, anything else ends it. */
async function persist<Result>(what: string, act: () => Promise<Result>): Promise<Result | undefined> {
  for (let tries = 0; tries < 5; tries += 1) {
    try {
      return await act();
    } catch (thrown) {
      const code = isPulseQueueError(thrown) ? thrown.code : String(thrown);
      say(`error ${what} ${code}`);
      if (code !== "STORE_FULL") return undefined;
    }
  }
  return undefined;
}

async function publish(queue: LocalQueue, id: string, note: string): Promise<void> {
  const receipt = await persist("publish", () => queue.publish(added, { bucket: "b", amount: 1, note }, { id }));
  if (receipt !== undefined) say(`ack ${id}`);
}

async function work(queue: LocalQueue): Promise<void> {
  if (size === "large") {
    const note = "n".repeat(250_000);
    for (let index = 0; index < 135; index += 15) {
      await Promise.all(Array.from({ length: 15 }, (_, offset) => publish(queue, `large-${String(index + offset)}`, note)));
    }
  }
  await persist("start", () => queue.start());
  for (let index = 0; index < 6; index += 1) {
    await publish(queue, `item-${String(index)}`, "a note");
    if (index % 2 === 1) await persist("idle", () => queue.idle());
  }
  await persist("publish", () => queue.publish(refused, { reason: "no" }, { id: "refused" }));
  await persist("publish", () => queue.publish(charged, { account: "a", amount: 1 }, { id: "charged" }));
  await persist("publish", () => queue.publish(reminded, { text: "later" }, { id: "reminded", delay: "1h" }));
  const answer = await persist("invoke", () => queue.invoke(put, { body: { bucket: "c" }, idempotencyKey: "key" }));
  if (answer?.status === 201) say("ack request");
  if (size === "small") await persist("backup", () => queue.backup(`${file}-copy`));
  await publish(queue, "last", "a note");
}

const queue = await persist("open", () => openLocal(faultApp, { file }));
if (queue !== undefined) {
  await work(queue);
  if ((await persist("close", () => queue.close().then(() => true))) === true) say("closed");
}
say("end");
