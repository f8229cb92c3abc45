/** The AWS engine as the contract sees it: the real functions on the simulated AWS, through several lives of the app. */
import * as awsEngine from "pulsequeue/aws";
import {
  drain,
  pass,
  settle,
  virtualClock,
  type VirtualClock,
  type ContractEngine,
  type ContractHarness,
  type ContractOptions,
  type OpenedQueue,
} from "pulsequeue/testing";
import type { App } from "pulsequeue";
import type { EndpointDefinition } from "../../src/core/endpoint.ts";
import { deploymentOf } from "../../src/core/deployment.ts";
import type { InvokeRequest, InvokeResponse } from "../../src/core/queue.ts";
import type { Environment } from "../../src/synth/index.ts";
import { fakeAws, type FakeClients } from "../../src/testing/aws/fake-aws.ts";
import { simulateOn } from "../../src/testing/aws/simulate-on.ts";
import type { Call, Service } from "../../src/testing/aws/service/service.ts";

export interface AwsEngine extends ContractEngine {
  /** For who is no function: an operator's machine. */
  readonly clients: FakeClients;
}

export interface AwsHarness extends ContractHarness {
  readonly open: (app: App, options?: ContractOptions) => Promise<AwsEngine>;
}

/** What the stack of the deployment under test says of it. */
export const testEnvironment: Environment = {
  environment: "test",
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

export const awsHarness: AwsHarness = { open: (app, options) => openOn(app, options) };

/** Told of each app that is deployed, and of each request after that. */
export interface Witness {
  /** `parameters`: secrets that Parameter Store keeps. @default none */
  readonly deployed: (app: App, parameters?: readonly string[]) => void;
  readonly record: (call: Call) => void;
}

export interface Beside {
  /** What answers in the place of DynamoDB, given the fake of it and the clock of everything else. @default the fake */
  readonly dynamodb?: (fake: Service, clock: VirtualClock) => Service;
  /** @default nobody */
  readonly witness?: Witness;
}

export async function openOn(app: App, options: ContractOptions = {}, { dynamodb, witness }: Beside = {}): Promise<AwsEngine> {
  const clock = virtualClock();
  const services = fakeAws({
    clock,
    ...(dynamodb === undefined ? {} : { dynamodb: (fake: Service) => dynamodb(fake, clock) }),
    ...(witness === undefined ? {} : { record: witness.record }),
  });
  const aws = simulateOn(services, app, awsEngine, { clock, secrets: options.secrets ?? {} });
  witness?.deployed(app);
  let current = app;
  const openQueue = async (): Promise<OpenedQueue> => {
    const opened = await aws.open();
    const functions = new Map<string, Promise<OpenedQueue>>();
    const start = async (): Promise<void> => {
      await opened.queue.start();
      aws.start();
    };
    if (witness === undefined) return { ...opened, queue: { ...opened.queue, start } };
    // What a witness is told of an endpoint is what its own function asks for, one process for all requests.
    const invoke = async (endpoint: EndpointDefinition, request?: InvokeRequest): Promise<InvokeResponse> => {
      const name = deploymentOf(current.topology, testEnvironment.environment).endpoints.get(endpoint.name) ?? endpoint.name;
      const own = functions.get(name) ?? aws.open({ function: name, isAlive: () => true, kill: () => undefined });
      functions.set(name, own);
      return (await own).queue.invoke(endpoint, request);
    };
    const forget = (): void => {
      opened.forget();
      for (const own of functions.values()) own.then((one) => one.forget()).catch(() => undefined);
    };
    return { queue: { ...opened.queue, invoke, start }, forget };
  };
  let opened = await openQueue();
  if (options.start !== false) await opened.queue.start();

  const engine: AwsEngine = {
    clients: services.clients,
    get queue() {
      return opened.queue;
    },
    clock,
    drain: () => drain(clock),
    settle: () => settle(opened.queue, clock),
    pass: (duration) => pass(clock, duration),
    async restart(kind, next: { readonly app?: App } & ContractOptions = {}) {
      current = next.app ?? current;
      const longest = Math.max(0, ...[...current.topology.handlers.values()].map((handler) => handler.timeout));
      if (kind === "clean") await opened.queue.close();
      else opened.forget();
      const wasKilled = kind === "crash" && aws.kill() > 0;
      if (next.start === false) aws.stop();
      aws.deploy(current, next.secrets);
      witness?.deployed(current);
      opened = await openQueue();
      if (next.start !== false) await opened.queue.start();
      // What a process had when it was killed comes again once its visibility is over.
      const end = clock.monotonic() + longest * 6 + 120_000;
      while (wasKilled && aws.running === 0 && clock.monotonic() < end) await pass(clock, "1s");
    },
    async verify() {
      throw new Error("The journal has no chain here");
    },
    async dispose() {
      aws.stop();
      aws.kill();
      opened.forget();
    },
  };
  return engine;
}
