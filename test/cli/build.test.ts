import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { afterAll, expect, test, vi } from "vitest";
import { testEnvironment } from "../aws/life.ts";
import { createProject, orderApp } from "../support/cli.ts";

vi.setConfig({ testTimeout: 120_000 }); // esbuild bundles the AWS clients several times

// As a namespace: what of the library is not used falls away.
const app = orderApp.replace("import { z } from", "import * as z from");
const project = createProject({ "app.ts": app });
afterAll(() => {
  project.remove();
});

interface Built {
  readonly bundles: readonly {
    readonly name: string;
    readonly kind: string;
    readonly bytes: number;
    readonly hash: string;
    readonly clients: readonly string[];
  }[];
}

test("two builds are equal byte by byte, and each function holds only the clients that it uses", async () => {
  const [first, second] = [await project.run(["build", "--env", "prod", "--json"]), await project.run(["build", "--env", "prod", "--out", "again", "--json"])];
  expect([first.code, first.stderr]).toEqual([0, ""]);
  const { bundles } = first.json() as Built;
  expect(bundles.map(({ hash }) => hash)).toEqual((second.json() as Built).bundles.map(({ hash }) => hash));
  expect(Object.fromEntries(bundles.map(({ name, clients }) => [name, clients.join(" ")]))).toEqual({
    "orders-prod-confirm": "dynamodb sqs",
    "orders-prod-count": "dynamodb sqs",
    "orders-prod-pq-api": "cloudwatch dynamodb lambda sqs",
    "orders-prod-pq-relay": "dynamodb eventbridge scheduler sqs",
    "orders-prod-pq-ticker": "dynamodb",
  });
  const zip = readFileSync(project.path("build/prod/orders-prod-confirm.zip"));
  expect(createHash("sha256").update(zip).digest("base64")).toBe(bundles[0]?.hash);
});

test("a bundle starts with nothing but its zip, and holds no code of a developer's machine and no path of it", () => {
  for (const file of readdirSync(project.path("build/prod")).filter((name) => name.endsWith(".zip"))) {
    const files = unzipSync(readFileSync(project.path(`build/prod/${file}`)));
    expect(Object.keys(files)).toEqual(["index.mjs"]);
    const code = Buffer.from(files["index.mjs"] ?? []).toString();
    const forbidden = ["better-sqlite3", project.folder, "sourceMappingURL"].filter((text) => code.includes(text));
    expect([file, forbidden]).toEqual([file, []]);
    writeFileSync(project.path("index.mjs"), code);
    const env = { PULSEQUEUE_ENVIRONMENT: "prod", PULSEQUEUE_ACCOUNT: "111122223333", AWS_REGION: "eu-central-1" };
    const kind = execFileSync(process.execPath, ["-e", 'import("./index.mjs").then((it) => console.log(typeof it.handler))'], {
      cwd: project.folder,
      env,
      encoding: "utf8",
    });
    expect([file, kind]).toEqual([file, "function\n"]);
  }
});

test("a function with secrets holds the client of the store that keeps them, and no other; without the environment's values nothing is built", async () => {
  const reading = (name: string, ...secrets: readonly string[]): string =>
    `defineHandler("${name}", { on: placed, secrets: [${secrets.join(", ")}], handle: () => undefined })`;
  const source = `
    import { defineApp, defineEvent, defineHandler, defineSecret } from "pulsequeue";
    import * as z from "zod";
    const placed = defineEvent("placed", { schema: z.object({ id: z.string() }) });
    const [card, pin] = [defineSecret("card"), defineSecret("pin")];
    export default defineApp("shop", { handlers: [${[reading("a", "card"), reading("b", "pin"), reading("both", "card", "pin")].join(", ")}] });
  `;
  const shop = createProject({ "app.ts": source });
  try {
    const unknown = await shop.run(["build", "--env", "test"]);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining("error FILE_MISSING")]);
    const values = { ...testEnvironment, secrets: { card: "the bank" }, parameters: { pin: "the bank" } };
    shop.write("infra/stacks/test/environment.json", JSON.stringify(values));
    const { code, json } = await shop.run(["build", "--env", "test", "--json"]);
    const { bundles } = json() as Built;
    expect(Object.fromEntries(bundles.filter(({ kind }) => kind === "handler").map(({ name, clients }) => [name, clients.join(" ")]))).toEqual({
      "shop-test-a": "dynamodb secrets-manager sqs",
      "shop-test-b": "dynamodb sqs ssm",
      "shop-test-both": "dynamodb secrets-manager sqs ssm",
    });
    // None is over its budget.
    expect(code).toBe(0);
  } finally {
    shop.remove();
  }
});

test("a bundle over its budget is named with what is heavy in it; an app that needs this machine is refused", async () => {
  const over = await project.run(["build", "--env", "prod", "--budget", "100"]);
  expect(over.code).toBe(3);
  expect(over.stdout).toMatch(/orders-prod-confirm is over its budget of 100 kB; heaviest: /);
  project.write("app.ts", `import "better-sqlite3";\n${app}`);
  const refused = await project.run(["build", "--env", "prod"]);
  expect(refused.stderr).toContain("better-sqlite3");
  expect(refused.code).toBe(4);
});
