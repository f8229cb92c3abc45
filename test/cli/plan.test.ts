import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createProject, orderApp } from "../support/cli.ts";

vi.setConfig({ testTimeout: 120_000 }); // each test starts several processes

const values = (environment: string, more: object = {}): string =>
  JSON.stringify({
    environment,
    account: "111122223333",
    region: "eu-central-1",
    owner: "orders team",
    alarmTopic: "arn:aws:sns:eu-central-1:111122223333:alarms",
    logRetentionDays: 365,
    recoveryDays: 35,
    deletionProtection: true,
    throttle: { rate: 100, burst: 200 },
    backup: { days: 35 },
    ...more,
  });
const project = createProject({ "app.ts": orderApp });
const prod = "infra/stacks/prod/environment.json";

/** As Terraform writes it: one role gets a permission, one table goes, one queue is new, the rest stays. */
function planOf(): string {
  const policy = (file: string): string => readFileSync(project.path(`infra/stacks/prod/policies/${file}.json`), "utf8");
  const role = 'module.deployment.module.handler["confirm"].module.function.aws_iam_role_policy.this';
  const before = policy("role.orders-prod-confirm").replace('"dynamodb:DeleteItem",', "");
  const change = (address: string, type: string, actions: readonly string[], from: object | null, to: object | null): object => ({
    address,
    type,
    mode: "managed",
    change: { actions, before: from, after: to, after_unknown: {} },
  });
  return JSON.stringify({
    planned_values: { root_module: {} },
    resource_changes: [
      change(role, "aws_iam_role_policy", ["update"], { name: "declared", policy: before }, { name: "declared", policy: policy("role.orders-prod-confirm") }),
      change('module.deployment.module.table["old"].aws_dynamodb_table.this', "aws_dynamodb_table", ["delete"], { name: "old" }, null),
      change("module.deployment.module.queue.aws_sqs_queue.this", "aws_sqs_queue", ["create"], null, { name: "new" }),
      change("module.deployment.module.key.aws_kms_key.this", "aws_kms_key", ["no-op"], {}, {}),
    ],
  });
}

beforeAll(async () => {
  project.write(prod, values("prod"));
  await project.run(["synth"]);
  project.write("plan.json", planOf());
  project.write("none.json", JSON.stringify({ planned_values: { root_module: {} }, resource_changes: [] }));
}, 60_000);
afterAll(() => {
  project.remove();
});

describe("plan", () => {
  test("shows what a role may do then beside what is made and what is lost, and says by its exit code whether anything changes", async () => {
    const [text, json, none] = await Promise.all([
      project.run(["plan", "--env", "prod", "--plan-json", "plan.json"]),
      project.run(["plan", "--env", "prod", "--plan-json", "plan.json", "--json", "--detailed-exitcode"]),
      project.run(["plan", "--env", "prod", "--plan-json", "none.json", "--detailed-exitcode"]),
    ]);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/permissions: \d changes?\n/);
    expect(text.stdout).toContain(" may dynamodb:DeleteItem on arn:aws:dynamodb:eu-central-1:111122223333:table/orders-prod-orders");
    expect(text.stdout).toContain("infrastructure: 1 to create, 1 to update, 0 to replace, 1 to delete");
    expect(text.stdout).toContain('data is lost with: module.table["old"].aws_dynamodb_table.this');
    expect(json.code).toBe(2);
    expect(json.json()).toMatchObject({
      environment: "prod",
      things: [{ action: "update", attributes: ["policy"] }, { action: "delete", losesData: true }, { action: "create" }],
      permissions: [{ change: "added", permission: { action: "dynamodb:DeleteItem" } }, { change: "added" }],
    });
    expect(none).toMatchObject({ code: 0, stdout: "permissions: none changes\n\ninfrastructure: nothing changes\n" });
  });

  test("without Terraform and without a plan it says what is missing", async () => {
    const alone = await project.run(["plan", "--env", "prod"], { env: { PATH: "/nowhere" } });
    expect(alone.code).toBe(0);
    expect(alone.stdout).toContain("There is no terraform here to compare them with what is deployed: give a plan with --plan-json.");
  });

  test("a file that is no plan, and an environment that is not named or not there, are told apart", async () => {
    project.write("other.json", "{}");
    const [other, absent, unnamed, unknown] = await Promise.all([
      project.run(["plan", "--env", "prod", "--plan-json", "other.json"]),
      project.run(["plan", "--env", "prod", "--plan-json", "absent.json"]),
      project.run(["plan"]),
      project.run(["plan", "--env", "stage"]),
    ]);
    expect([other.code, absent.code, unnamed.code, unknown.code]).toEqual([4, 1, 2, 2]);
    expect(other.stderr).toContain("The file is no plan: write it with `terraform show -json <saved plan>`");
  });
});

describe("before anything is planned it refuses", () => {
  afterEach(() => {
    project.write("app.ts", orderApp);
    project.write(prod, values("prod"));
  });
  /** Nothing that is refused reaches the plan: this one would be an error of its own. */
  const refused = (...more: readonly string[]) => project.run(["plan", "--env", "prod", "--plan-json", "absent.json", ...more]);
  const declaring = async (...replaced: readonly (readonly [string, string])[]) => {
    project.write(
      "app.ts",
      replaced.reduce((text, [from, to]) => text.replace(from, to), orderApp),
    );
    return refused();
  };

  test("a synthesized file that was edited by hand", async () => {
    const path = "infra/stacks/prod/policies/bus.json";
    const text = readFileSync(project.path(path), "utf8");
    project.write(path, text.replace("Deny", "Allow"));
    const edited = await refused();
    project.write(path, text);
    expect(edited.code).toBe(3);
    expect(edited.stdout).toContain("edited: policies/bus.json");
    expect(edited.stdout).toContain("what to do: run `pulsequeue synth`");
  });

  test("files that are older than the declaration", async () => {
    const outdated = await declaring(["writes: [orders, lines]", "writes: [orders], reads: [lines]"]);
    expect(outdated.code).toBe(3);
    expect(outdated.stdout).toContain("outdated: policies/role.orders-prod-confirm.json");
  });

  test("a declaration that would need a wildcard", async () => {
    const named = await declaring(['defineTable("orders"', 'defineTable("*"']);
    expect(named.code).toBe(4);
    expect(named.stderr).toContain('table name "*" is not allowed');
    const many =
      'const many = Array.from({ length: 150 }, (_, number) => defineTable(`a-table-with-a-long-name-${number}`, { schema: z.object({ id: z.string() }), key: "id" }));\n';
    const tables = await declaring(["const confirm =", `${many}const confirm =`], ["writes: [orders, lines]", "writes: [orders, lines, ...many]"]);
    expect(tables.code).toBe(4);
    expect(tables.stderr).toContain("DEPLOYMENT_INVALID App orders cannot be deployed without wildcards");
  });

  test("a name that AWS does not take, or that two things would have", async () => {
    const long = await declaring(['defineHandler("count"', `defineHandler("${"c".repeat(60)}"`]);
    expect(long.code).toBe(4);
    expect(long.stderr).toMatch(/orders-prod-c+ is longer than the 64 characters that AWS takes: shorten it by 8/);
    const two = await declaring(['defineTable("lines"', 'defineTable("or.ders"'], ['defineTable("orders"', 'defineTable("or_ders"']);
    expect(two.code).toBe(4);
    expect(two.stderr).toContain("it would be called orders-prod-or_ders like");
  });

  test("a table or an event that does not exist", async () => {
    const table = await declaring(["writes: [orders, lines]", "writes: [orders, lines, (undefined as never)]"]);
    const event = await declaring(["emits: [confirmed]", "emits: [confirmed, (undefined as never)]"]);
    expect([table.code, event.code]).toEqual([4, 4]);
    expect(table.stderr).toContain("what to do: ");
    expect(event.stderr).toContain("what to do: ");
  });

  test("a secret that nobody sets", async () => {
    const secret = await declaring(["writes: [", 'secrets: [defineSecret("carrier")], writes: ['], ["defineApp", "defineSecret, defineApp"]);
    expect(secret.code).toBe(4);
    expect(secret.stderr).toContain("is declared: say in the environment's secrets or parameters who sets its value");
  });

  test("two environments with one state", async () => {
    const state = { bucket: "states", key: "orders.tfstate", kmsKey: "alias/states" };
    project.write(prod, values("prod", { state }));
    project.write("infra/stacks/staging/environment.json", values("staging", { state }));
    const shared = await refused("--json");
    project.write("infra/stacks/staging/environment.json", values("staging"));
    expect(shared.code).toBe(4);
    expect(JSON.parse(shared.stderr)).toMatchObject({
      error: { code: "DEPLOYMENT_INVALID", message: "stacks/prod and stacks/staging would keep their state under one key: give each its own" },
    });
  });
});

test("the stacks that are committed are what the reference application declares", async () => {
  const root = join(import.meta.dirname, "../..");
  const checked = await project.run(["synth", "--check", "--app", join(root, "examples/order-pipeline/app.ts"), "--infra", join(root, "infra"), "--json"]);
  expect(checked.json()).toMatchObject({ written: false, stacks: [{ drift: [] }, { drift: [] }, { drift: [] }] });
  expect(checked.code).toBe(0);
});
