import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alarmKinds } from "../../src/synth/index.ts";
import { startLive, type LiveEngine } from "../support/live.ts";
import app, { placed } from "../support/order-app.ts";
import { commandsOf, wordsOf } from "../support/runbook.ts";
import { inTerminal } from "../support/terminal.ts";
import { projectRoot } from "../support/tree.ts";

const folder = join(projectRoot, "docs/runbooks");
const names = readdirSync(folder).sort();

test("every kind of alarm has a runbook, and every runbook an alarm", () => {
  expect(names).toEqual([...alarmKinds.map((kind) => `${kind}.md`), "README.md"].sort());
});

describe("the commands of the runbooks work on the embedded engine", () => {
  const values: Record<string, string> = { HANDLER: "confirm" };
  /** Each command once, with the runbook that has it first. */
  const commands = new Map<string, string>();
  for (const name of names) {
    for (const command of commandsOf(readFileSync(join(folder, name), "utf8"))) if (!commands.has(command)) commands.set(command, name);
  }
  let live: LiveEngine;
  beforeAll(async () => {
    live = await startLive(app);
    await live.queue.publish(placed, { orderId: "o-1", quantity: 101 });
    await live.queue.idle();
    const [dead] = await live.queue.inspect.deadLetters();
    values["ID"] = dead?.id ?? "";
    values["EVENT"] = dead?.event.id ?? "";
  });
  afterAll(async () => {
    await live.close();
  });

  test("every runbook has some", () => {
    expect(names.filter((name) => commandsOf(readFileSync(join(folder, name), "utf8")).length === 0)).toEqual([]);
  });

  test.each([...commands])("%s (%s)", async (command) => {
    const [program, ...words] = wordsOf(command, values);
    expect(program).toBe("pulsequeue");
    const env = { PULSEQUEUE_APP: join(projectRoot, "test/support/order-app.ts"), PULSEQUEUE_DB: live.file };
    const { code, stderr, stdout } = await inTerminal(words, { cwd: projectRoot, env });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).not.toBe("");
  });
});
