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
  expect(wild).toEqual(["role.orders-prod-pq-api lambda:ListEventSourceMappings", "role.orders-prod-pq-relay dynamodb:ListStreams"]);
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

it("500 handlers stay below the size of a role's policies that AWS takes, and are written in one go", () => {
  const handlers = Array.from({ length: 500 }, (_, number) =>
    defineHandler(`handler-${String(number)}`, { on: placed, writes: [stock], emits: number === 0 ? [shipped] : [], handle: () => undefined }),
  );
  const large = infrastructureOf(defineApp("orders", { handlers: [...handlers, tell] }).topology, { ...environment, secrets: {} });
  // Inline policies of a role take 10,240 characters in all, without white space (IAM quotas, read 2026-11).
  const tooLarge = [...large.policies].filter(([name, policy]) => name.startsWith("role.") && JSON.stringify(policy).length > 10_240).map(([name]) => name);
  expect(tooLarge).toEqual([]);
  // A managed policy, which a boundary is, takes 6,144.
  expect(JSON.stringify(large.policies.get("boundary")).length).toBeLessThan(6_144);
  expect(Object.keys(large.variables.handlers)).toHaveLength(501);
});
