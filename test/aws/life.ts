/** The AWS engine as the contract sees it: the real functions on the fake platform, through several lives of the app. */
import { deploymentOf, type Deployment } from "../../src/core/deployment.ts";
import type { App } from "../../src/core/app.ts";
import type { Environment } from "../../src/synth/index.ts";
import { fakeAws, type FakeAws } from "../../src/testing/aws/fake-aws.ts";
import { clientOf, noFaults } from "../../src/testing/aws/service/service.ts";
import { handlerEntry, openAws, relayEntry, tickerEntry, type AwsClients, type AwsQueue, type EventBridge, type Scheduler } from "pulsequeue/aws";
import {
  drain,
  pass,
  seededRandom,
  settle,
  virtualClock,
  type ClockPort,
  type ContractEngine,
  type ContractHarness,
  type ContractOptions,
} from "pulsequeue/testing";
import { Platform, type Code, type Invocation } from "./platform.ts";

const environment = "test";

interface Clients extends AwsClients {
  readonly events: EventBridge;
  readonly scheduler: Scheduler;
}

export interface AwsEngine extends ContractEngine {
  /** For who is no function: an operator's machine. */
  readonly clients: AwsClients;
}

export interface AwsHarness extends ContractHarness {
  readonly open: (app: App, options?: ContractOptions) => Promise<AwsEngine>;
}

/** What the stack of the deployment under test says of it. */
export const testEnvironment: Environment = {
  environment,
  account: "123456789012",
  region: "eu-central-1",
  owner: "tests",
  alarmTopic: "arn:aws:sns:eu-central-1:123456789012:alarms",
  logRetentionDays: 30,
  recoveryDays: 7,
  deletionProtection: false,
  throttle: { rate: 10, burst: 10 },
  backup: { days: 7 },
};

export const awsHarness: AwsHarness = {
  async open(app, options = {}) {
    const clock = virtualClock();
    const random = seededRandom(1);
    const aws = fakeAws({ clock });
    let current = app;
    let given = options;
    let names = deploymentOf(app.topology, environment);
    const place = { environment, account: aws.account, region: aws.region };

    const clientsOf = (invocation: Invocation): Clients => {
      const host = { clock, faults: noFaults, record: () => undefined };
      const caller = { function: "", isAlive: () => invocation.alive };
      const { sqs, events, scheduler, lambda } = platform.services;
      const made = { dynamodb: aws.dynamodb.service, sqs, events, scheduler, lambda };
      return Object.fromEntries(Object.entries(made).map(([name, service]) => [name, clientOf(service, caller, host)])) as unknown as Clients;
    };
    const codeOf = (version: App): Code => {
      const runtime = (invocation: Invocation) => ({
        ...place,
        ...clientsOf(invocation),
        clock: clock.port(),
        random: random.fork(),
        secrets: (name: string) => given.secrets?.[name],
      });
      return {
        handler: (name, invocation, event, context) => handlerEntry(version, name, runtime(invocation))(event, context),
        relay: (invocation, event) => relayEntry(version, runtime(invocation))(event),
        ticker: (invocation) => tickerEntry(version, runtime(invocation))(),
      };
    };
    const platform = new Platform(aws, clock, app.topology, () => names, codeOf(app));

    const deploy = (version: App): void => {
      names = deploymentOf(version.topology, environment);
      createTables(aws, names, version);
      platform.deploy(version.topology, codeOf(version));
    };
    let port: ClockPort = clock.port();
    const openQueue = async (version: App): Promise<AwsQueue> => {
      port = clock.port();
      const queue = await openAws(version, {
        ...place,
        clients: clientsOf({ alive: true }),
        clock: port,
        random: random.fork(),
        secrets: (name) => given.secrets?.[name],
      });
      return {
        ...queue,
        async start() {
          await queue.start();
          platform.start();
        },
      };
    };
    deploy(app);
    let queue = await openQueue(app);
    if (options.start !== false) await queue.start();

    const engine: AwsEngine = {
      clients: clientsOf({ alive: true }),
      get queue() {
        return queue;
      },
      clock,
      drain: () => drain(clock),
      settle: () => settle(queue, clock),
      pass: (duration) => pass(clock, duration),
      async restart(kind, next: { readonly app?: App } & ContractOptions = {}) {
        current = next.app ?? current;
        given = { ...given, ...next };
        const longest = Math.max(0, ...[...current.topology.handlers.values()].map((handler) => handler.timeout));
        if (kind === "clean") await queue.close();
        else port.detach();
        const wasKilled = kind === "crash" && platform.kill();
        if (next.start === false) platform.stop();
        deploy(current);
        queue = await openQueue(current);
        if (next.start !== false) await queue.start();
        // What a process had when it was killed comes again once its visibility is over.
        const end = clock.monotonic() + longest * 6 + 60_000;
        while (wasKilled && !platform.isBusy && clock.monotonic() < end) await pass(clock, "1s");
      },
      async verify() {
        throw new Error("The journal has no chain here");
      },
      async dispose() {
        platform.stop();
        platform.kill();
        port.detach();
      },
    };
    return engine;
  },
};

function createTables({ dynamodb }: FakeAws, names: Deployment, { topology }: App): void {
  const attribute = <Type extends "S" | "N">(name: string, type: Type): { readonly name: string; readonly type: Type } => ({ name, type });
  const key = { hash: attribute("p", "S"), range: attribute("s", "S") };
  const byPosition = (name: string, hash: string) => ({ name, hash: attribute(hash, "S"), range: attribute("q", "N"), projection: "ALL" as const });
  const create = (name: string, more: object = {}): void => {
    if (!dynamodb.tables.has(name)) dynamodb.create({ ...key, name, ...more });
  };
  create(names.journal, { indexes: [byPosition("time", "tb"), byPosition("flow", "c")], stream: "NEW_IMAGE" });
  create(names.deliveries, { indexes: [byPosition("open", "o")], stream: "NEW_IMAGE", ttl: "ttl" });
  create(names.system, { ttl: "ttl" });
  for (const [name, table] of topology.tables) {
    const indexes = [...table.indexFields.keys()].map((index) => ({
      name: index,
      hash: attribute(`x_${index}`, "S"),
      range: attribute(`y_${index}`, "S"),
      projection: [],
    }));
    create(names.tables.get(name) ?? name, { indexes });
  }
}
