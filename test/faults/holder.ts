/** Holds a file open, does what it is told, and ends as it is told or killed. Usage: holder.ts <file> */
import { createInterface } from "node:readline";
import { isPulseQueueError } from "pulsequeue";
import { openLocal } from "pulsequeue/local";
import { added, faultApp } from "./app.ts";

const [file = ""] = process.argv.slice(2);
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

try {
  const queue = await openLocal(faultApp, { file });
  say("open");
  createInterface({ input: process.stdin }).on("line", (command) => {
    const [verb, value = ""] = command.split(" ");
    const act = async (): Promise<void> => {
      if (verb === "publish") {
        for (let index = 0; index < Number(value); index += 1) say(`ack ${(await queue.publish(added, { bucket: "b", amount: index, note: "held" })).id}`);
        say("published");
      } else if (verb === "fill") {
        for (let index = 0; index < Number(value); index += 1) await queue.publish(added, { bucket: "b", amount: index, note: "n".repeat(200_000) });
        say("filled");
      } else if (verb === "backup") {
        await queue.backup(value, (done, total) => {
          say(`copied ${String(done)} of ${String(total)}`);
        });
        say("backed up");
      } else if (verb === "close") {
        await queue.close();
        say("closed");
        process.exit(0);
      }
    };
    act().catch((error: unknown) => {
      say(`error ${String(error)}`);
    });
  });
} catch (error) {
  say(`refused ${isPulseQueueError(error) ? error.code : String(error)}`);
}
