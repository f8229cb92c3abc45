/** The commands of a queue against a deployment: the real functions on the AWS of this process. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AwsClients } from "pulsequeue/aws";
import { installed, type Connect } from "../../src/cli/aws/clients.ts";
import { awsHarness, testEnvironment, type AwsEngine } from "../aws/life.ts";
import { awsFailure } from "../aws/fixture.ts";
import app, { placed } from "../support/order-app.ts";
import { inTerminal, type Answer } from "../support/terminal.ts";

const appFile = join(import.meta.dirname, "../support/order-app.ts");
let cwd: string;
let engine: AwsEngine;
let letter: string;
let ids: readonly string[];

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly connect?: Connect;
}

/** A command on the deployment of the environment `test`. */
function run(args: readonly string[], { env = {}, connect = () => Promise.resolve(engine.clients) }: Given = {}): Promise<Answer> {
  return inTerminal(args, { cwd, env: { PULSEQUEUE_APP: appFile, PULSEQUEUE_ENV: "test", ...env }, now: () => engine.clock.now(), connect });
}

async function json(...args: readonly string[]): Promise<unknown> {
  const { code, stderr, stdout } = await run([...args, "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as unknown;
}

function writeEnvironment(folder: string, name: string, given: object = {}): void {
  mkdirSync(join(folder, "infra/stacks", name), { recursive: true });
  writeFileSync(join(folder, "infra/stacks", name, "environment.json"), JSON.stringify({ ...testEnvironment, environment: name, ...given }));
}

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), "pulsequeue-deployment-"));
  writeEnvironment(cwd, "test");
  writeEnvironment(cwd, "other");
  engine = await awsHarness.open(app);
  const first = await engine.queue.publish(placed, { orderId: "o-1", quantity: 2, email: "ada@example.org" });
  const second = await engine.queue.publish(placed, { orderId: "o-2", quantity: 101, email: "ada@example.org" });
  ids = [first.id, second.id];
  await engine.settle();
  await engine.pass("1m");
  letter = (await engine.queue.inspect.deadLetters())[0]?.id ?? "";
});
afterAll(async () => {
  await engine.dispose();
  rmSync(cwd, { recursive: true });
});

describe("reading a deployment", () => {
  test("events, trace and deliveries: as on one machine, personal data redacted", async () => {
    const [first = "", second = ""] = ids;
    expect(await json("events", "ls", "--type", "order.placed")).toMatchObject([{ id: second }, { id: first, data: { email: "[redacted]" } }]);
    const shown = await json("events", "show", first);
    expect(shown).toMatchObject({ id: first, deliveries: [{ handler: "confirm", state: "done" }] });
    const { sequence } = shown as { readonly sequence: number };
    expect(await json("events", "show", String(sequence))).toMatchObject({ id: first });
    expect(await json("trace", first)).toMatchObject([
      { event: { id: first }, deliveries: [{ handler: "confirm", emitted: [{ event: { type: "order.confirmed" }, deliveries: [{ handler: "count" }] }] }] },
    ]);
    expect(await json("deliveries", "ls", "--event", second)).toMatchObject([{ handler: "confirm", state: "dead" }]);
  });

  test("handlers, tables and dead letters", async () => {
    expect(await json("handlers", "ls")).toMatchObject([
      { name: "confirm", paused: false, counts: { ready: 0, dead: 1 } },
      { name: "count", counts: { dead: 0 } },
    ]);
    expect(await json("tables", "ls")).toMatchObject([{ name: "orders" }, { name: "lines" }]);
    expect(await json("tables", "get", "orders", "o-1")).toEqual({ orderId: "o-1", quantity: 2, email: "[redacted]" });
    expect(await json("tables", "get", "lines", "o-1", "1")).toMatchObject({ sku: "sku-1" });
    expect(await json("dlq", "ls")).toMatchObject([{ id: letter, failure: { code: "NON_RETRYABLE" } }]);
    expect(await json("dlq", "show", letter)).toMatchObject({ event: { id: ids[1] } });
  });

  test("tail begins with past events and ends after so many", async () => {
    const { code, stdout } = await run(["tail", "--last", "2", "--count", "2", "--type", "order.placed", "--json"]);
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { readonly id: string }).id),
    ).toEqual(ids);
    expect((await run(["tail", "--deliveries", "--json"])).error()).toMatchObject({ code: "CAPABILITY_MISSING" });
  });

  test("doctor: what is there, and what this engine does not offer", async () => {
    const { code, stdout } = await run(["doctor", "--json"]);
    const report = JSON.parse(stdout) as { readonly engine: string; readonly capabilities: object; readonly checks: readonly { readonly name: string }[] };
    expect(code).toBe(3);
    expect(report).toMatchObject({ ok: false, engine: "aws", capabilities: { verify: false, crash: true } });
    const checks = Object.fromEntries(report.checks.map((check) => [check.name, check]));
    expect(checks).toMatchObject({
      deployment: { status: "ok", detail: "orders-test in account 123456789012, eu-central-1" },
      tables: { status: "ok", detail: "5 there" },
      queues: { status: "ok" },
      "unseen messages": { status: "ok" },
      handlers: { status: "ok", detail: "2 deployed" },
      "dead letters": { status: "problem", detail: "confirm 1" },
      "no verify": { status: "ok" },
    });
    expect((await run(["doctor"])).stdout).toContain("not here: the journal's hash chain can be checked");
  });
});

describe("acting on a deployment", () => {
  test("a dry run changes and records nothing; an act is recorded with who and why", async () => {
    const before = await json("ledger", "ls");
    expect(await json("handlers", "pause", "confirm", "--dry-run")).toEqual({ count: 1, dryRun: true });
    expect(await json("dlq", "redrive", letter, "--dry-run")).toEqual({ count: 1, dryRun: true });
    expect(await json("replay", "confirm", "--from", "1h", "--dry-run")).toEqual({ count: 2, dryRun: true });
    expect(await json("ledger", "ls")).toEqual(before);

    expect((await run(["handlers", "pause", "confirm", "--json"])).error()).toMatchObject({ code: "USAGE" });
    expect(await json("handlers", "pause", "confirm", "--reason", "the provider is down", "--by", "ada")).toEqual({ count: 1, dryRun: false });
    expect(await json("handlers", "ls")).toMatchObject([{ paused: true, pauseReason: "the provider is down" }, {}]);
    expect(await json("handlers", "resume", "confirm", "--reason", "it is back")).toMatchObject({ count: 1 });
    expect(await json("ledger", "ls", "--action", "pause")).toMatchObject([{ by: "ada", subject: "confirm", reason: "the provider is down" }]);
    expect(await json("ledger", "verify")).toMatchObject({ ok: true });
    expect(await json("ledger", "head")).toMatchObject({ app: "orders" });
  });

  test("emit, redrive, replay and keys", async () => {
    const stored = (await json("emit", "order.placed", '{"orderId":"o-3","quantity":1}')) as { readonly id: string };
    await engine.settle();
    await engine.pass("1m");
    expect(await json("tables", "get", "orders", "o-3")).toMatchObject({ quantity: 1 });
    expect(await json("emit", "order.placed", '{"orderId":"o-3","quantity":1}', "--id", stored.id, "--dry-run")).toMatchObject({ duplicate: true });

    expect(await json("dlq", "redrive", letter, "--reason", "tried again")).toMatchObject({ count: 1 });
    await engine.settle();
    expect(await json("dlq", "show", letter)).toMatchObject({ redrives: 1 });
    expect(await json("replay", "count", "--from", "1h", "--reason", "counted anew", "--yes")).toMatchObject({ count: 2 });
    await engine.settle();
    expect(await json("deliveries", "ls", "--event", (await eventIds("order.confirmed"))[0] ?? "", "--handler", "count")).toHaveLength(2);

    const made = (await json("keys", "create", "shop", "--role", "viewer", "--reason", "a shop")) as { readonly key: { readonly id: string } };
    expect(await json("keys", "ls")).toMatchObject([{ id: made.key.id, state: "active" }]);
    expect(await json("keys", "revoke", made.key.id, "--reason", "it leaked")).toMatchObject({ count: 1 });
    expect(await json("incident", "scope", "--event", ids[0] ?? "")).toMatchObject({ handlers: ["confirm", "count"] });
    expect(await json("reveal", "event", ids[0] ?? "", "--reason", "asked for")).toMatchObject({ data: { email: "ada@example.org" } });
  });

  test("what only a file has is refused with what AWS has instead", async () => {
    const commands = [
      ["verify"],
      ["backup", "copy.db"],
      ["erase", "--subject", "ada", "--reason", "asked for", "--yes"],
      ["rotate-key", "new.key", "--reason", "yearly"],
    ];
    for (const command of commands) {
      const answer = await run([...command, "--json"]);
      expect(answer.code).toBe(1);
      expect(answer.error()).toMatchObject({ code: "CAPABILITY_MISSING", message: expect.stringContaining(command[0] ?? "") as unknown });
    }
  });
});

async function eventIds(type: string): Promise<readonly string[]> {
  return ((await json("events", "ls", "--type", type)) as readonly { readonly id: string }[]).map(({ id }) => id);
}

describe("a deployment that cannot be asked", () => {
  /** Every request to DynamoDB ends like this. */
  const failing = (name: string, details: object = {}): Connect => {
    const send = (): Promise<never> => Promise.reject(awsFailure(name, details));
    return () => Promise.resolve({ ...engine.clients, dynamodb: { send } } as AwsClients);
  };

  test.each([
    ["a denied action", "AccessDeniedException", "AWS_DENIED"],
    ["an expired credential", "ExpiredTokenException", "AWS_CREDENTIALS"],
    ["no credential", "CredentialsProviderError", "AWS_CREDENTIALS"],
    ["a missing table", "ResourceNotFoundException", "AWS_RESOURCE_MISSING"],
  ] as const)("%s: code, cause, way out and exit code", async (_what, name, code) => {
    const answer = await run(["events", "ls", "--json"], { connect: failing(name) });
    expect(answer.code).toBe(1);
    expect(answer.stdout).toBe("");
    const message = expect.stringMatching(new RegExp(`orders-test-pq-system of environment test in eu-central-1: ${name}$`)) as unknown;
    expect(answer.error()).toMatchObject({ code, message, fix: expect.stringMatching(/\w+/) as unknown });
    const doctor = await run(["doctor", "--json"], { connect: failing(name) });
    expect(doctor.code).toBe(3);
    expect(doctor.json()).toMatchObject({ checks: expect.arrayContaining([expect.objectContaining({ name: "deployment", status: "problem" })]) as unknown });
  });

  test("a missing queue is found by whoever counts its messages", async () => {
    const connect: Connect = () => Promise.resolve({ ...engine.clients, sqs: { send: () => Promise.reject(awsFailure("QueueDoesNotExist")) } } as AwsClients);
    expect((await run(["handlers", "ls", "--json"], { connect })).error()).toMatchObject({ code: "AWS_RESOURCE_MISSING" });
  });

  test("a handler that is declared here and not deployed", async () => {
    const lambda = { send: () => Promise.resolve({ EventSourceMappings: [] }) };
    const connect: Connect = () => Promise.resolve({ ...engine.clients, lambda } as AwsClients);
    const paused = await run(["handlers", "pause", "count", "--reason", "try", "--json"], { connect });
    expect(paused.error()).toMatchObject({ code: "AWS_RESOURCE_MISSING", message: expect.stringContaining("handler count") as unknown });
    await run(["handlers", "resume", "count", "--reason", "tried"]);
    const { checks } = (await run(["doctor", "--json"], { connect })).json() as { readonly checks: readonly object[] };
    expect(checks).toContainEqual(expect.objectContaining({ name: "handlers", status: "problem", detail: expect.stringContaining("not deployed") as unknown }));
  });

  test("another account with a deployment of the same name: nothing is asked of it", async () => {
    const other = mkdtempSync(join(tmpdir(), "pulsequeue-account-"));
    const account = "999999999999";
    writeEnvironment(other, "test", { account, alarmTopic: `arn:aws:sns:eu-central-1:${account}:alarms` });
    try {
      const answer = await run(["events", "ls", "--infra", join(other, "infra"), "--json"]);
      expect(answer.error()).toMatchObject({
        code: "AWS_ACCOUNT_WRONG",
        message: "Environment test is in account 999999999999, and the credentials are of account 123456789012",
      });
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  test("an environment that is not there, of the stack or of the cloud", async () => {
    expect((await run(["events", "ls", "--env", "moon", "--json"])).error()).toMatchObject({ code: "USAGE", fix: "Use one of: other, test." });
    expect((await run(["events", "ls", "--env", "other", "--json"])).error()).toMatchObject({ code: "AWS_RESOURCE_MISSING" });
    expect((await run(["events", "ls", "--env", "test", "--file", "a.db", "--json"])).error()).toMatchObject({ code: "USAGE" });
  });

  test("a file that is named wins over the variable", async () => {
    expect((await run(["events", "ls", "--file", "none.db", "--json"])).error()).toMatchObject({ code: "FILE_MISSING" });
  });

  test("a package of the SDK that is not installed is named, with how to get it", async () => {
    const missing = Object.assign(new Error("Cannot find package '@aws-sdk/client-sqs' imported from /a/b.js"), { code: "ERR_MODULE_NOT_FOUND" });
    const connect: Connect = () => installed(() => Promise.reject(missing));
    expect((await run(["events", "ls", "--json"], { connect })).error()).toEqual({
      code: "PACKAGE_MISSING",
      message: "@aws-sdk/client-sqs is not installed",
      fix: expect.stringContaining("npm install @aws-sdk/client-dynamodb") as unknown,
    });
  });

  test("who only looks does not subscribe the handlers of a newer app", async () => {
    const root = join(import.meta.dirname, "../..");
    writeFileSync(
      join(cwd, "newer.ts"),
      `import { defineApp, defineHandler } from "${root}/src/index.ts";
       import app, { placed } from "${appFile}";
       const added = defineHandler("added", { on: placed, handle: () => undefined });
       export default defineApp("orders", { handlers: [...app.topology.handlers.values(), added] });`,
    );
    const subscriptions = async (): Promise<number> => {
      const { Items = [] } = await engine.clients.dynamodb.send(new ScanCommand({ TableName: "orders-test-pq-system" }));
      return Items.filter(({ p }) => p?.S === "subscribed").length;
    };
    expect(await subscriptions()).toBe(2);
    expect(await json("deliveries", "ls", "--event", ids[0] ?? "", "--app", "newer.ts")).toMatchObject([{ handler: "confirm" }]);
    const missing = await run(["handlers", "ls", "--app", "newer.ts", "--json"]);
    expect(missing.error()).toMatchObject({ code: "AWS_RESOURCE_MISSING", message: expect.stringContaining("orders-test-added") as unknown });
    const { checks } = (await run(["doctor", "--app", "newer.ts", "--json"])).json() as { readonly checks: readonly object[] };
    const found = expect.stringMatching(/^AWS_RESOURCE_MISSING: .*orders-test-added/) as unknown;
    expect(checks).toContainEqual(expect.objectContaining({ name: "queues", status: "problem", detail: found }));
    expect(checks).toContainEqual(expect.objectContaining({ name: "handlers", detail: "added is declared here and not deployed" }));
    expect(await subscriptions()).toBe(2);
  });
});
