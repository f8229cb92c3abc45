/** Runs the commands of the operator's guide, in its order, against an engine. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineApp, defineHandler, defineTable, NonRetryableError } from "pulsequeue";
import { errorCatalogue } from "pulsequeue";
import { exit } from "../../src/cli/exit.ts";
import { orderConfirmed, orderPlaced } from "../../templates/app/app.ts";
import { startLive, type LiveEngine } from "../support/live.ts";
import { inTerminal, type Answer } from "../support/terminal.ts";

const root = join(import.meta.dirname, "../..");
const guide = readFileSync(join(root, "docs/guides/operate.md"), "utf8");
const commands = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = ""]) => block.trimEnd().split("\n"));

/** Names of the scaffold's app; its handler can fail, so that there is a dead letter to operate on. */
const orders = defineTable("orders", { schema: z.object({ orderId: z.string(), total: z.int() }), key: "orderId" });
const confirmOrder = defineHandler("confirm-order", {
  on: orderPlaced,
  writes: [orders],
  emits: [orderConfirmed],
  handle({ data }, ctx) {
    if (data.orderId === "dead") throw new NonRetryableError("on purpose");
    ctx.tables.orders.put(data);
    ctx.emit(orderConfirmed, { orderId: data.orderId });
  },
});
const app = defineApp("orders", { handlers: [confirmOrder], unhandled: [orderConfirmed] });

let live: LiveEngine;
let cwd: string;
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), "pulsequeue-guide-"));
  live = await startLive(app);
});
afterAll(async () => {
  await live.close();
  rmSync(cwd, { recursive: true });
});

/** Splits a command line as a shell does, as far as the guide needs it. */
function words(line: string): readonly string[] {
  const found = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, plain]) => single ?? double ?? plain ?? "");
  const comment = found.indexOf("#");
  return comment < 0 ? found : found.slice(0, comment);
}

async function run(args: readonly string[]): Promise<Answer> {
  return await inTerminal(args, { cwd, env: { PULSEQUEUE_APP: join(root, "templates/app/app.ts"), PULSEQUEUE_DB: live.file } });
}

describe("the operator's guide", () => {
  test("shows commands", () => {
    expect(commands.length).toBeGreaterThan(25);
  });

  test.each(commands)("%s", async (line) => {
    const [program, ...args] = words(line);
    expect(program).toBe("pulsequeue");
    const [command = ""] = args;
    if (command === "dev" || command === "start") {
      expect((await run([...args, "--help"])).stdout).toContain(`pulsequeue ${command}`); // the engine of this test stands for it
      return;
    }
    const id = args.includes("<id>") ? await deadLetter() : "";
    const { code, stdout, stderr } = await run(args.map((word) => (word === "<id>" ? id : word)));
    await live.queue.idle();
    expect(stderr).toBe("");
    expect(stdout).not.toBe("");
    expect(code).toBe(0);
  });

  test("has the exit codes of the program", () => {
    const rows = [...guide.matchAll(/^\| (\d+) \| \S/gm)].map(([, code]) => Number(code));
    expect(rows).toEqual(Object.values(exit));
  });

  test("errors.md, which it points to, has the codes", () => {
    const errors = readFileSync(join(root, "docs/errors.md"), "utf8");
    for (const code of Object.keys(errorCatalogue)) expect(errors).toContain(code);
  });
});

/** The id of a dead letter, made where there is none. */
async function deadLetter(): Promise<string> {
  const [known] = await live.queue.inspect.deadLetters();
  if (known !== undefined) return known.id;
  await live.queue.publish(orderPlaced, { orderId: "dead", total: 1 });
  await live.queue.idle();
  return await deadLetter();
}
