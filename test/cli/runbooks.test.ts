import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { alarmKinds } from "../../src/synth/index.ts";
import { createProject, orderApp } from "../support/cli.ts";
import { projectRoot } from "../support/tree.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }); // each command is a process

const folder = join(projectRoot, "docs/runbooks");
const names = readdirSync(folder).sort();

test("every kind of alarm has a runbook, and every runbook an alarm", () => {
  expect(names).toEqual([...alarmKinds.map((kind) => `${kind}.md`), "README.md"].sort());
});

/** The lines of the `sh` blocks of a document. */
function commandsOf(text: string): readonly string[] {
  return [...text.matchAll(/```sh\n(?<block>[^`]*)```/g)]
    .flatMap(({ groups }) => (groups?.["block"] ?? "").split("\n").map((line) => line.trim()))
    .filter((line) => line !== "");
}

/** The words of a command line, `"…"` as one word. */
function wordsOf(line: string, values: Readonly<Record<string, string>>): readonly string[] {
  const filled = line.replaceAll(/\$(?<name>[A-Z]+)/g, (_all, name: string) => values[name] ?? "");
  return [...filled.matchAll(/"(?<quoted>[^"]*)"|(?<plain>\S+)/g)].map(({ groups }) => groups?.["quoted"] ?? groups?.["plain"] ?? "");
}

describe("the commands of the runbooks work on the embedded engine", () => {
  const project = createProject({ "app.ts": orderApp });
  const values: Record<string, string> = { HANDLER: "confirm" };
  /** Each command once, with the runbook that has it first. */
  const commands = new Map<string, string>();
  for (const name of names) {
    for (const command of commandsOf(readFileSync(join(folder, name), "utf8"))) if (!commands.has(command)) commands.set(command, name);
  }
  afterAll(() => {
    project.remove();
  });
  beforeAll(async () => {
    const started = project.start(["start"]);
    await started.line("orders runs");
    await project.run(["emit", "order.placed", JSON.stringify({ orderId: "o-1", quantity: 101 })]);
    await started.line("dead");
    const [dead] = (await project.run(["dlq", "ls", "--json"])).json() as readonly { readonly eventId: string; readonly id: string }[];
    values["ID"] = dead?.id ?? "";
    values["EVENT"] = dead?.eventId ?? "";
    await started.stop("SIGTERM");
  });

  test.each([...commands])("%s (%s)", async (command) => {
    const [program, ...words] = wordsOf(command, values);
    expect(program).toBe("pulsequeue");
    const { code, stderr } = await project.run(words);
    expect([code, stderr.includes("error ") ? stderr : ""]).toEqual([0, ""]);
  });
});
