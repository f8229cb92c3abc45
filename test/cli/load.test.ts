import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ErrorReport } from "../../src/cli/exit.ts";
import { createProject, loadAll, orderApp } from "../support/cli.ts";

vi.setConfig({ testTimeout: 120_000 }); // each test starts processes

const project = createProject({ "app.ts": orderApp, "src/orders.ts": orderApp });
afterAll(() => {
  project.remove();
});

const event = 'import { defineApp, defineEvent, defineHandler } from "pulsequeue";\nimport { z } from "zod";\n';

interface BadApp {
  readonly name: string;
  readonly file: string;
  readonly text?: string;
  readonly code: string;
  readonly says: readonly string[];
}

const badApps: readonly BadApp[] = [
  { name: "is not there", file: "nope.ts", code: "APP_NOT_LOADED", says: ["The app nope.ts does not exist"] },
  {
    name: "does not parse",
    file: "bad.ts",
    text: 'import { z } from "zod";\nconst x: number = ;\n',
    code: "APP_NOT_LOADED",
    says: ['Unexpected ";"', "(bad.ts:2)"],
  },
  { name: "does not parse, in JavaScript", file: "bad.mjs", text: "\n\nconst x = ;\n", code: "APP_NOT_LOADED", says: ["Unexpected token ';'", "(bad.mjs:3)"] },
  {
    name: "imports a file that does not parse",
    file: "outer.ts",
    text: 'import { x } from "./inner.ts";\nexport default x;\n',
    code: "APP_NOT_LOADED",
    says: ['Unexpected ";"', "(inner.ts:3)"],
  },
  {
    name: "imports what is not there",
    file: "missing.ts",
    text: 'import { x } from "./not-there.ts";\nexport default x;\n',
    code: "APP_NOT_LOADED",
    says: ['Cannot find module "not-there.ts"'],
  },
  {
    name: "imports a package that is not installed",
    file: "package.ts",
    text: 'import { x } from "no-such-package";\nexport default x;\n',
    code: "APP_NOT_LOADED",
    says: ["Cannot find package 'no-such-package'"],
  },
  {
    name: "imports a name that is not exported",
    file: "name.ts",
    text: 'import { nope } from "./app.ts";\nexport default nope;\n',
    code: "APP_NOT_LOADED",
    says: ["'nope'", "(name.ts:1)"],
  },
  {
    name: "throws",
    file: "throws.ts",
    text: 'interface A { b: string }\n\nconst a: A = { b: "x" };\nthrow new Error(`boom ${a.b}`);\n',
    code: "APP_NOT_LOADED",
    says: ["boom x", "(throws.ts:4)"],
  },
  { name: "throws what is no error", file: "odd.ts", text: "throw 7;\n", code: "APP_NOT_LOADED", says: ["it threw number"] },
  {
    name: "has no default export",
    file: "none.ts",
    text: `${event}export const app = defineApp("a", {});\n`,
    code: "APP_NOT_LOADED",
    says: ["none.ts has no default export"],
  },
  { name: "exports a number", file: "number.ts", text: "export default 7;\n", code: "APP_NOT_LOADED", says: ["is of type number, not an app"] },
  {
    name: "exports an event",
    file: "event.ts",
    text: `${event}export default defineEvent("a", { schema: z.object({}) });\n`,
    code: "APP_NOT_LOADED",
    says: ["is a declared event, not an app"],
  },
  {
    name: "declares nonsense",
    file: "nonsense.ts",
    text: `${event}\nexport default defineEvent("bad name", { schema: z.object({}) });\n`,
    code: "DECLARATION_INVALID",
    says: ['"bad name" is not allowed', "(nonsense.ts:4)"],
  },
  {
    name: "has a topology that cannot work",
    file: "topology.ts",
    text: `${event}const a = defineEvent("a", { schema: z.object({}) });\nconst b = defineEvent("b", { schema: z.object({}) });\nconst h = defineHandler("h", { on: a, emits: [b], handle() {} });\nexport default defineApp("x", { handlers: [h, h] });\n`,
    code: "TOPOLOGY_INVALID",
    says: ["App x has 2 problem(s)", "h: two handlers have this name", "b: no handler handles this event", "(topology.ts:6)"],
  },
];

describe("an app that", () => {
  let reports: Readonly<Record<string, ErrorReport>>;
  beforeAll(async () => {
    project.write("inner.ts", "// fine\n// fine\nexport const x = ;\n");
    for (const { file, text } of badApps) if (text !== undefined) project.write(file, text);
    const files = badApps.map(({ file }) => file);
    reports = JSON.parse(await loadAll(project.folder, files)) as typeof reports;
  });

  test.each(badApps)("$name: exit code 4, the cause, its place, and a way out", ({ file, code, says }) => {
    const report = reports[file];
    expect(report?.code).toBe(code);
    for (const part of says) expect(report?.message).toContain(part);
    expect(report?.fix).toMatch(/\.$/);
    expect(report?.exitCode).toBe(4);
  });

  test("does not load: the command says so, without a stack; never, if it awaits for ever", async () => {
    project.write("hangs.ts", "await new Promise(() => undefined);\nexport default 1;\n");
    const [bad, topology, hangs] = await Promise.all(["bad.ts", "topology.ts", "hangs.ts"].map((file) => project.run(["graph", "--app", file])));
    const fix = "  what to do: Correct the module that the message names: it must load, and its default export must be the result of defineApp().\n";
    expect(bad).toMatchObject({ code: 4, stdout: "", stderr: `error APP_NOT_LOADED The app bad.ts cannot be loaded: Unexpected ";" (bad.ts:2)\n${fix}` });
    expect(topology?.stderr.split("\n").slice(0, 3)).toEqual([
      "error TOPOLOGY_INVALID App x has 2 problem(s)",
      "  - h: two handlers have this name: rename one",
      "  - b: no handler handles this event: add one, or list the event in `unhandled` if others consume it",
    ]);
    expect(hangs).toMatchObject({
      code: 4,
      stderr: `error APP_NOT_LOADED The app or the config never finished loading: it awaits something that does not come\n${fix}`,
    });
  });

  test("is not loaded: --verbose adds the stack, --json gives it as JSON", async () => {
    project.write("stack.ts", 'throw new Error("boom");\n');
    const [verbose, json] = await Promise.all([
      project.run(["graph", "--app", "stack.ts", "--verbose"]),
      project.run(["graph", "--app", "stack.ts", "--json"]),
    ]);
    expect(verbose.stderr).toMatch(/^ +at /m);
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: "APP_NOT_LOADED" } });
  });
});

describe("the app and the file", () => {
  const doctor = async (args: readonly string[], env = {}): Promise<string> => (await project.run(["doctor", ...args], { env })).stdout;

  test("come from the config, which the environment and options win over", async () => {
    project.write(
      "pulsequeue.config.ts",
      'import { defineConfig } from "pulsequeue";\nexport default defineConfig({ app: "./src/orders.ts", file: "data/config.db" });\n',
    );
    const [plain, env, options] = await Promise.all([
      doctor([]),
      doctor([], { PULSEQUEUE_DB: "data/env.db" }),
      doctor(["--app", "app.ts", "--file", "data/option.db"], { PULSEQUEUE_APP: "nope.ts", PULSEQUEUE_DB: "data/env.db" }),
    ]);
    expect(plain).toContain("orders from src/orders.ts");
    expect(plain).toContain("data/config.db does not exist yet");
    expect(env).toContain("data/env.db does not exist yet");
    expect(options).toContain("orders from app.ts");
    expect(options).toContain("data/option.db does not exist yet");
  });

  test.concurrent.each([
    { name: "knows no setting", text: 'export default { fiel: "x" };', code: "DECLARATION_INVALID", says: 'no setting "fiel"' },
    { name: "holds no path", text: "export default { file: 7 };", code: "DECLARATION_INVALID", says: "file is not a path" },
    { name: "exports nothing", text: "export const config = {};", code: "DECLARATION_INVALID", says: "not the result of defineConfig()" },
    { name: "does not parse", text: "export default {", code: "APP_NOT_LOADED", says: "The config pulsequeue.config.mjs cannot be loaded" },
  ])("a config that $name is refused", async ({ text, code, says }) => {
    const other = createProject({ "app.ts": orderApp, "pulsequeue.config.mjs": text });
    const { stderr, code: exitCode } = await other.run(["graph"]);
    other.remove();
    expect(stderr).toContain(`error ${code} `);
    expect(stderr).toContain(says);
    expect(exitCode).toBe(4);
  });

  test("an app works in a folder without a package.json for ES modules", async () => {
    const commonjs = createProject({ "package.json": "{}", "app.ts": orderApp });
    mkdirSync(commonjs.path(".pulsequeue"));
    const { stdout, stderr } = await commonjs.run(["emit", "order.placed", '{"orderId":"o-1","quantity":1}']);
    commonjs.remove();
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^stored: /);
  });
});
