import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createProject } from "../support/cli.ts";
import { inTerminal, type Answer } from "../support/terminal.ts";

const project = createProject({});
afterAll(() => {
  project.remove();
});
const init = (...args: readonly string[]): Promise<Answer> => inTerminal(["init", ...args], { cwd: project.folder });
const files = [".gitignore", "app.test.ts", "app.ts", "package.json", "tsconfig.json"];

describe("init", () => {
  test("writes an app that passes its own test and its own type check, and runs", async () => {
    const answer = await init("my-shop");
    expect(answer.stdout).toContain("cd my-shop");
    expect(answer.code).toBe(0);
    const folder = project.path("my-shop");
    expect(readdirSync(folder).sort()).toEqual(files);
    symlinkSync(project.path("node_modules"), join(folder, "node_modules"));

    // The package's sources stand for its published files.
    const env = { ...process.env, NODE_OPTIONS: "--conditions=source" };
    const tested = spawnSync("npm", ["test"], { cwd: folder, env, encoding: "utf8" });
    expect(`${tested.stdout}${tested.stderr}`).toMatch(/# pass 2\n# fail 0/);
    expect(tested.status).toBe(0);
    const checked = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "--customConditions", "source"], { cwd: folder, encoding: "utf8" });
    expect(checked.stdout).toBe("");
    expect(checked.status).toBe(0);

    const emitted = await project.run([
      "emit",
      "order.placed",
      '{"orderId":"o-1","total":4200}',
      "--app",
      "my-shop/app.ts",
      "--file",
      "my-shop/.pulsequeue/app.db",
    ]);
    expect(emitted.stdout).toMatch(/^stored: /);
    expect(readFileSync(join(folder, ".gitignore"), "utf8")).toContain(".pulsequeue/");
  }, 120_000);

  test("names the package after the folder, and asks for the versions that this package is tested with", async () => {
    await init("Über Shop_2!");
    const written = JSON.parse(readFileSync(project.path("Über Shop_2!/package.json"), "utf8")) as Readonly<Record<string, unknown>>;
    expect(written).toMatchObject({
      name: "ber-shop-2",
      private: true,
      type: "module",
      dependencies: { pulsequeue: expect.stringMatching(/^\^\d/), zod: expect.stringMatching(/^\^\d/) },
    });
    for (const version of Object.values(written["devDependencies"] as Readonly<Record<string, string>>)) expect(version).toMatch(/^\^\d/);
  });

  test("refuses a folder that is not empty, and touches nothing in it", async () => {
    project.write("full/app.ts", "mine");
    const answer = await init("full", "--json");
    expect(answer.error()).toMatchObject({ code: "FILE_EXISTS", message: "full exists and is no empty folder" });
    expect(answer.code).toBe(1);
    expect(readdirSync(project.path("full"))).toEqual(["app.ts"]);
    expect((await init("full/app.ts", "--json")).error()).toMatchObject({ code: "FILE_EXISTS" });
    expect((await init("full/app.ts/inner", "--json")).error()).toMatchObject({ code: "FILE_UNWRITABLE" });
  });

  test("a dry run lists the files and writes nothing", async () => {
    const answer = await init("later", "--dry-run", "--json");
    expect(answer.json()).toEqual({ folder: project.path("later"), files: expect.arrayContaining(files), dryRun: true });
    expect(existsSync(project.path("later"))).toBe(false);
  });
});
