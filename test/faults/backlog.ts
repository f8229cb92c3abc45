/** Builds up a backlog, works off a part of it, and says how much memory and log that took. Usage: backlog.ts <file> <events> <handled> */
import { openLocal } from "pulsequeue/local";
import { added, faultApp } from "./app.ts";

const [file = "", ...numbers] = process.argv.slice(2);
const [events = 0, handled = 0] = numbers.map(Number);
const mebibyte = 1024 * 1024;
const chunk = 1_000;
let largestLog = 0;
let peak = 0;
let settled = 0;
let enough: () => void = () => undefined;
const worked = new Promise<void>((resolve) => {
  enough = resolve;
});
const queue = await openLocal(faultApp, {
  file,
  observe: (fact) => {
    if (fact.type !== "settled") return;
    settled += 1;
    if (settled % 100 === 0) peak = Math.max(peak, process.memoryUsage.rss() / mebibyte);
    if (settled === handled) enough();
  },
});

/** Memory of the process after what is garbage has gone, MiB; and what of it JavaScript holds, which is not blurred by what is kept free. */
function sayMemory(when: string): void {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  say(when, rss / mebibyte);
  say(`${when}-held`, (heapUsed + external) / mebibyte);
}
function say(what: string, value: number): void {
  process.stdout.write(`${what} ${value.toFixed(1)}\n`);
}
async function publish(count: number): Promise<void> {
  for (let done = 0; done < count; done += chunk) {
    await queue.publishMany(
      added,
      Array.from({ length: chunk }, (_, index) => ({ bucket: `b${String(index % 50)}`, amount: index, note: "a note of some length, as they are" })),
    );
    largestLog = Math.max(largestLog, (await queue.facts()).walBytes);
    peak = Math.max(peak, process.memoryUsage.rss() / mebibyte);
  }
}

await publish(chunk);
sayMemory("empty");
await publish(events / 2);
sayMemory("half");
await publish(events / 2);
sayMemory("whole");
await queue.start();
await worked;
sayMemory("worked");
say("peak", peak);
say("log", largestLog / mebibyte);
say("head", (await queue.facts()).head);
await queue.close();
