import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createProject, orderApp } from "../support/cli.ts";

vi.setConfig({ testTimeout: 120_000 }); // each test starts several processes

const values = {
  environment: "prod",
  account: "111122223333",
  region: "eu-central-1",
  owner: "orders team",
  alarmTopic: "arn:aws:sns:eu-central-1:111122223333:alarms",
  logRetentionDays: 365,
  recoveryDays: 35,
  deletionProtection: true,
  throttle: { rate: 100, burst: 200 },
  backup: { days: 35 },
};
const project = createProject({ "app.ts": orderApp });
afterAll(() => {
  project.remove();
});
beforeAll(() => {
  project.write("infra/stacks/prod/environment.json", JSON.stringify(values));
});

test("synth writes what is declared, and refuses to write over an edit", async () => {
  const absent = await project.run(["synth", "--check"]);
  expect(absent.code).toBe(3);
  expect(absent.stdout).toContain("missing: topology.auto.tfvars.json");
  const written = await project.run(["synth"]);
  expect(written.stdout).toMatch(/^wrote infra\/stacks\/prod: \d+ files/);
  expect((await project.run(["synth", "--check"])).code).toBe(0);

  const policy = "infra/stacks/prod/policies/bus.json";
  project.write(policy, "{}");
  const refused = await project.run(["synth"]);
  expect([refused.code, readFileSync(project.path(policy), "utf8")]).toEqual([3, "{}"]);
  expect(refused.stdout).toContain("edited: policies/bus.json");
  expect(refused.stdout).toContain("what to do: say it in the declaration");
  expect((await project.run(["synth", "--overwrite"])).code).toBe(0);
  expect((await project.run(["synth", "--check", "--json"])).json()).toMatchObject({ written: false, stacks: [{ environment: "prod", drift: [] }] });
});

test("iam shows what a handler may do, and what a change of the declaration changes", async () => {
  await project.run(["synth", "--overwrite"]);
  const [shown, same] = await Promise.all([project.run(["iam", "show"]), project.run(["iam", "diff"])]);
  expect(shown.stdout).toContain("dynamodb:PutItem");
  expect(same).toMatchObject({ code: 0, stdout: "no permission changes\n" });
  project.write("app.ts", orderApp.replace("writes: [", 'secrets: [defineSecret("carrier")], writes: [').replace("defineApp", "defineSecret, defineApp"));
  const unset = await project.run(["iam", "diff"]);
  expect(unset).toMatchObject({ code: 4 });
  expect(unset.stderr).toContain("secrets.carrier: is declared: say in the environment's secrets or parameters who sets its value");
  project.write("infra/stacks/prod/environment.json", JSON.stringify({ ...values, secrets: { carrier: "shipping team" } }));
  const changed = await project.run(["iam", "diff"]);
  expect(changed.stderr).toBe("");
  expect(changed.code).toBe(3);
  expect(changed.stdout).toContain("may secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-central-1:111122223333:secret:orders-prod/carrier-??????");
});

test("a quota that the app goes beyond is told with its way out, and nothing is refused", async () => {
  const many = `import { defineApp, defineEvent, defineHandler } from "pulsequeue";
import { z } from "zod";
const happened = defineEvent("order.happened", { schema: z.object({ id: z.string() }), key: (data) => data.id });
const handlers = Array.from({ length: 301 }, (_, number) => defineHandler("handler-" + String(number), { on: happened, handle: () => undefined }));
export default defineApp("orders", { handlers });
`;
  const large = createProject({ "app.ts": many, "infra/stacks/prod/environment.json": JSON.stringify(values) });
  try {
    const written = await large.run(["synth"]);
    expect([written.code, written.stdout]).toEqual([0, expect.stringMatching(/^wrote infra\/stacks\/prod: [\d,]+ files/)]);
    expect(written.stderr).toContain("infra/stacks/prod needs 303 rules on one event bus");
    expect(written.stderr).toContain('"Number of rules" (L-244521F2)');
    const checked = await large.run(["synth", "--check", "--json"]);
    expect(checked.json()).toMatchObject({ stacks: [{ quotas: [{ code: "L-244521F2", needed: 303, initial: 300 }] }] });
  } finally {
    large.remove();
  }
});

test("values of another environment, and of none, are refused with a way out", async () => {
  project.write("infra/stacks/staging/environment.json", JSON.stringify(values));
  const twice = await project.run(["synth"]);
  expect(twice.code).toBe(4);
  expect(twice.stderr).toContain('The values in stacks/staging are those of "prod": two environments would be one');
  project.write("infra/stacks/staging/environment.json", "{ no json");
  expect((await project.run(["synth"])).stderr).toContain("error DEPLOYMENT_INVALID");
  const none = await project.run(["synth", "--infra", "nowhere"]);
  expect(none.stderr).toContain("There is no nowhere/stacks/<environment>/environment.json");
});
