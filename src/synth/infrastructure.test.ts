import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineApp } from "../core/app.ts";
import { defineEndpoint } from "../core/endpoint.ts";
import { isPulseQueueError } from "../core/errors.ts";
import { defineEvent } from "../core/event.ts";
import { defineHandler } from "../core/handler.ts";
import { defineSecret } from "../core/secret.ts";
import { defineTable } from "../core/table.ts";
import { parseEnvironment } from "./environment.ts";
import { driftOf, filesOf, sealFile, variablesFile } from "./files.ts";
import { infrastructureOf } from "./infrastructure.ts";
import { permissionsOf, permissionText } from "./permissions.ts";

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
  secrets: { "carrier-key": "shipping team" },
};
const environment = parseEnvironment(values);

const placed = defineEvent("order.placed", { schema: z.object({ id: z.string() }), key: (data) => data.id });
const shipped = defineEvent("order.shipped", { schema: z.object({ id: z.string() }), key: (data) => data.id });
const stock = defineTable("stock", { schema: z.object({ sku: z.string(), place: z.string() }), key: "sku", indexes: { byPlace: "place" } });
const prices = defineTable("prices", { schema: z.object({ sku: z.string() }), key: "sku" });
const carrier = defineSecret("carrier-key");
const ship = defineHandler("ship", { on: placed, reads: [prices], writes: [stock], emits: [shipped], secrets: [carrier], handle: () => undefined });
const tell = defineHandler("tell", { on: shipped, ordered: true, handle: () => undefined });
const place = defineEndpoint("place", { method: "POST", path: "/orders", auth: "api-key", emits: [placed], handle: () => ({ status: 202 }) });
const { topology } = defineApp("orders", { handlers: [ship, tell], endpoints: [place] });
const infrastructure = infrastructureOf(topology, environment);
const { variables, policies } = infrastructure;

function permissions(name: string): readonly string[] {
  const found = policies.get(name);
  return found === undefined ? [] : permissionsOf(found).map(permissionText);
}

/** Who may send to the queue of this policy. */
function senders(name: string): readonly string[] {
  const statements = policies.get(name)?.Statement ?? [];
  return statements
    .filter(({ Effect, Action }) => Effect === "Allow" && Action.includes("sqs:SendMessage"))
    .flatMap(({ Principal }) => (typeof Principal === "object" ? Object.values(Principal).flat() : [String(Principal)]));
}

function problems(run: () => unknown): readonly string[] {
  try {
    run();
    return [];
  } catch (thrown) {
    if (!isPulseQueueError(thrown) || thrown.code !== "DEPLOYMENT_INVALID") throw thrown;
    return thrown.issues.map(({ path, message }) => `${path} ${message}`);
  }
}

describe("a handler's role", () => {
  const account = "eu-central-1:111122223333";
  const granted = permissions("role.orders-prod-ship").filter((line) => !/logs:|kms:|sqs:/.test(line));

  it("may do what is declared, in its own name, and nothing else", () => {
    expect(granted).toMatchSnapshot();
  });

  it("reads a table that it only reads, and does not write it", () => {
    const onPrices = granted.filter((line) => line.includes(":table/orders-prod-prices"));
    expect(onPrices.some((line) => line.startsWith(`may dynamodb:GetItem on arn:aws:dynamodb:${account}`))).toBe(true);
    expect(onPrices.some((line) => /PutItem|DeleteItem|UpdateItem/.test(line))).toBe(false);
  });

  it("is fed from its own queue alone, and may put nothing on the bus", () => {
    const all = permissions("role.orders-prod-ship");
    expect(all.filter((line) => line.includes("sqs:")).every((line) => line.endsWith(":orders-prod-ship"))).toBe(true);
    expect(all.filter((line) => line.includes("events:"))).toEqual([]);
  });
});

it("an ordered handler's queue is FIFO and fed by the relay: no rule may send to it", () => {
  expect(variables.handlers["tell"]).toMatchObject({ queue: "orders-prod-tell.fifo", pattern: null });
  expect(senders("queue.orders-prod-tell.fifo")).toEqual(["arn:aws:iam::111122223333:role/orders-prod-pq-relay"]);
  expect(senders("queue.orders-prod-ship")).toEqual(["arn:aws:iam::111122223333:role/orders-prod-pq-relay", "events.amazonaws.com"]);
});

it("nothing but what AWS gives no other form for is a wildcard", () => {
  const wild = [...policies]
    .filter(([name]) => name.startsWith("role."))
    .flatMap(([name, policy]) =>
      permissionsOf(policy)
        .filter((each) => each.effect === "Allow" && (each.action.endsWith("*") || each.resource === "*"))
        .map(({ action }) => `${name} ${action}`),
    );
  expect(wild).toEqual([
    "role.orders-prod-pq-api cloudwatch:GetMetricData",
    "role.orders-prod-pq-api cloudwatch:ListMetrics",
    "role.orders-prod-pq-api lambda:ListEventSourceMappings",
    "role.orders-prod-pq-relay dynamodb:ListStreams",
  ]);
});

describe("a secret in Parameter Store", () => {
  const inParameters = { ...values, secrets: {}, parameters: { "carrier-key": "shipping team" } };

  it("is read by exactly its name, and opened through Parameter Store for that name alone", () => {
    const { variables: given, policies: documents } = infrastructureOf(topology, parseEnvironment(inParameters));
    const granted = (name: string): readonly string[] => permissionsOf(documents.get(name) ?? { Version: "2012-10-17", Statement: [] }).map(permissionText);
    const arn = "arn:aws:ssm:eu-central-1:111122223333:parameter/orders-prod/carrier-key";
    const context = `kms:ResourceAliases is alias/orders-prod and kms:EncryptionContext:PARAMETER_ARN is ${arn} and kms:ViaService is ssm.eu-central-1.amazonaws.com`;
    expect(granted("role.orders-prod-ship").filter((line) => /ssm|secretsmanager/.test(line))).toEqual([
      `may kms:Decrypt on arn:aws:kms:eu-central-1:111122223333:key/* if ${context}`,
      `may ssm:GetParameter on ${arn}`,
    ]);
    expect([given.secrets, given.parameters]).toEqual([{}, { "carrier-key": "/orders-prod/carrier-key" }]);
  });

  it("is in the boundary only where the environment keeps one there", () => {
    const lines = (environmentValues: object): string =>
      JSON.stringify(infrastructureOf(topology, parseEnvironment({ ...values, ...environmentValues })).policies.get("boundary"));
    expect(lines(inParameters)).toContain(":parameter/orders-prod/*");
    expect(lines({})).not.toContain("ssm");
  });

  it("is in one store, and has a name that Parameter Store takes", () => {
    expect(problems(() => infrastructureOf(topology, parseEnvironment({ ...inParameters, secrets: values.secrets })))).toEqual([
      "parameters.carrier-key is in the environment's secrets too: say where its value is",
    ]);
    const named = defineApp("aws-orders", { handlers: [ship, tell], endpoints: [place] });
    expect(problems(() => infrastructureOf(named.topology, parseEnvironment(inParameters)))).toEqual([
      "parameters.carrier-key its name would begin with the app's, and Parameter Store takes none that begins with aws or ssm",
    ]);
    expect(
      problems(() => infrastructureOf(topology, parseEnvironment({ ...inParameters, parameters: { ...inParameters.parameters, other: "nobody" } }))),
    ).toEqual(["parameters.other is in the environment, but the app declares no such secret"]);
  });
});

describe("the files", () => {
  const files = filesOf(infrastructure);

  it("are the same each time, in the same order", () => {
    expect([...filesOf(infrastructureOf(topology, environment))]).toEqual([...files]);
  });

  it("that are missing, edited, left behind or outdated are told apart", () => {
    const file = "policies/role.orders-prod-ship.json";
    expect(driftOf(files, files)).toEqual([]);
    expect(driftOf(files, new Map([...files].filter(([path]) => path !== file)))).toEqual([{ path: file, problem: "missing" }]);
    expect(driftOf(files, new Map([...files, [file, "{}"]]))).toEqual([{ path: file, problem: "edited" }]);
    expect(driftOf(files, new Map([...files, ["policies/old.json", "{}"]]))).toEqual([{ path: "policies/old.json", problem: "left behind" }]);
    const later = filesOf(infrastructureOf(topology, { ...environment, recoveryDays: 14 }));
    expect(driftOf(later, files)).toEqual([
      { path: sealFile, problem: "outdated" },
      { path: variablesFile, problem: "outdated" },
    ]);
  });
});

describe("what cannot be deployed is refused with every reason", () => {
  it("a timeout longer than a function runs", () => {
    const slow = defineHandler("slow", { on: placed, timeout: "15m", handle: () => undefined });
    expect(problems(() => infrastructureOf(defineApp("orders", { handlers: [slow] }).topology, environment))[0]).toContain("longer than the 885 seconds");
  });

  it("a secret that nobody sets, one that nobody declared, tokens that nobody issues, a network for nobody", () => {
    const buy = defineEndpoint("buy", { method: "POST", path: "/buy", auth: "jwt", handle: () => ({ status: 202 }) });
    const app = defineApp("orders", { handlers: [ship, tell], endpoints: [place, buy] });
    const network = { cidr: "10.20.0.0/20", zones: ["eu-central-1a", "eu-central-1b"], handlers: { pack: "reaches the printer" } };
    expect(problems(() => infrastructureOf(app.topology, { ...environment, secrets: { other: "somebody" }, network }))).toEqual([
      "buy it takes tokens: say in the environment's jwt who issues them",
      "secrets.carrier-key is declared: say in the environment's secrets or parameters who sets its value",
      "secrets.other is in the environment, but the app declares no such secret",
      "network.handlers.pack is in the environment, but the app declares no such handler",
    ]);
  });

  it("parts of values that are wrong, each by its name", () => {
    const wrong = {
      ...values,
      backup: { days: 1, copyTo: "here" },
      network: { cidr: "10.20.0.0/20", zones: ["eu-central-1a"], handlers: { ship: "" } },
      state: { bucket: "b" },
      jwt: { issuer: "https://id.example.com", keys: "http://id.example.com/keys", tenantClaim: "" },
    };
    expect(problems(() => parseEnvironment(wrong))).toEqual([
      "backup days must be a whole number from 7 to 3650; copyTo must be the ARN of a backup vault",
      "jwt audience is missing; keys must be an https address; tenantClaim must be 1 to 256 characters without a space",
      "network zones must be a list of two zones at least; handlers ship must be a sentence of 3 to 256 characters",
      "state bucket must be the name of a bucket; key is missing; kmsKey is missing",
    ]);
  });

  it("values that are missing, unknown, wrong, or of another account", () => {
    expect(problems(() => parseEnvironment({ ...values, account: "12", colour: "red", owner: undefined }))).toEqual([
      "account must be an AWS account of 12 digits",
      "owner is missing",
      "colour is not known",
    ]);
    expect(problems(() => parseEnvironment({ ...values, alarmTopic: "arn:aws:sns:eu-central-1:999999999999:alarms" }))).toEqual([
      "alarmTopic must be in the environment's own account and region",
    ]);
  });
});

/** A shop of many parts: each handler with an event and every tenth with a table of its own. */
function largeApp(handlers: number): ReturnType<typeof defineApp> {
  const events = Array.from({ length: handlers }, (_, number) =>
    defineEvent(`area-${String(number % 10)}.thing-${String(number)}`, { schema: z.object({ id: z.string() }), key: (data) => data.id }),
  );
  const tables = Array.from({ length: handlers / 10 }, (_, number) =>
    defineTable(`table-${String(number)}`, { schema: z.object({ id: z.string() }), key: "id" }),
  );
  return defineApp("orders", {
    handlers: events.map((on, number) => {
      const table = tables[Math.floor(number / 10)];
      const next = events[number + 1];
      return defineHandler(`handler-${String(number)}`, {
        on,
        writes: table === undefined ? [] : [table],
        emits: next === undefined ? [] : [next],
        handle: () => undefined,
      });
    }),
  });
}

it("500 handlers, each with an event of its own, stay below the sizes of policies that AWS takes", () => {
  const large = infrastructureOf(largeApp(500).topology, { ...environment, secrets: {} });
  expect(Object.keys(large.variables.handlers)).toHaveLength(500);
  const longest = (kind: string): number =>
    Math.max(...[...large.policies].filter(([name]) => name.startsWith(kind)).map(([, policy]) => JSON.stringify(policy).length));
  // Inline policies of a role take 10,240 characters in all, without white space; a managed policy, which a boundary is, 6,144 (IAM quotas, read 2026-11).
  expect(longest("role.")).toBeLessThan(10_240);
  expect(longest("boundary")).toBeLessThan(6_144);
  expect(longest("trust.")).toBeLessThan(2_048);
  expect(longest("key")).toBeLessThan(32_768);
});

it("a handler whose tables do not fit into a policy is refused: only a wildcard would be shorter", () => {
  const tables = Array.from({ length: 150 }, (_, number) =>
    defineTable(`table-with-a-long-name-${String(number)}`, { schema: z.object({ id: z.string() }), key: "id" }),
  );
  const hoard = defineHandler("hoard", { on: placed, writes: tables, handle: () => undefined });
  const [first] = problems(() => infrastructureOf(defineApp("orders", { handlers: [hoard] }).topology, { ...environment, secrets: {} }));
  expect(first).toMatch(/^role\.orders-prod-hoard needs \d+ characters of policy where AWS takes 10240; only a wildcard would be shorter/);
});
