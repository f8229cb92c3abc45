/** The AWS engine as the contract sees it: the real functions on the simulated AWS, through several lives of the app. */
import * as awsEngine from "pulsequeue/aws";
import {
  drain,
  pass,
  settle,
  simulateAws,
  virtualClock,
  type VirtualClock,
  type ContractEngine,
  type ContractHarness,
  type ContractOptions,
  type OpenedQueue,
} from "pulsequeue/testing";
import type { App } from "pulsequeue";
import type { Environment } from "../../src/synth/index.ts";
import type { FakeClients } from "../../src/testing/aws/fake-aws.ts";
import type { Service } from "../../src/testing/aws/service/service.ts";

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

export const awsHarness: AwsHarness = awsHarnessOn();

/** `dynamodb`: what answers in its place, given the fake of it and the clock of everything else. */
export function awsHarnessOn(dynamodb?: (fake: Service, clock: VirtualClock) => Service): AwsHarness {
  return { open: (app, options = {}) => openEngine(app, options, dynamodb) };
}

async function openEngine(app: App, options: ContractOptions, dynamodb: ((fake: Service, clock: VirtualClock) => Service) | undefined): Promise<AwsEngine> {
  const clock = virtualClock();
  const aws = simulateAws(app, awsEngine, {
    clock,
    secrets: options.secrets ?? {},
    ...(dynamodb === undefined ? {} : { dynamodb: (fake: Service) => dynamodb(fake, clock) }),
  });
  let current = app;
  const openQueue = async (): Promise<OpenedQueue> => {
    const opened = await aws.open();
    const start = async (): Promise<void> => {
      await opened.queue.start();
      aws.start();
    };
    return { ...opened, queue: { ...opened.queue, start } };
  };
  let opened = await openQueue();
  if (options.start !== false) await opened.queue.start();

  const engine: AwsEngine = {
    clients: aws.services.clients,
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
