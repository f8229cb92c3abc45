import type { App } from "../../core/app.ts";
<<<<<<< HEAD
import type { EndpointDefinition } from "../../core/endpoint.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { Topology } from "../../core/topology.ts";
import type { Clock, Observer } from "../../core/ports.ts";
import type { InvokeRequest, InvokeResponse, Queue } from "../../core/queue.ts";
import { infrastructureOf, type Environment, type StackVariables } from "../../synth/index.ts";
import { virtualClock, type ClockPort, type VirtualClock } from "../clock.ts";
import { seededRandom, type SeededRandom } from "../random.ts";
import { deployInto, leftToDo, redriveQueues, type DeployedCode } from "./deployment.ts";
import { fakeAws, type FakeAws, type FakeAwsOptions, type FakeClients } from "./fake-aws.ts";
import type { Handler, InvocationContext, Process } from "./lambda/functions.ts";
import { outsider, type Caller } from "./service/service.ts";

interface FunctionOptions {
  readonly environment: string;
  readonly account: string;
  readonly region: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly secrets: (name: string) => string | undefined;
  readonly observe: Observer;
}

interface Batch {
  readonly Records: readonly never[];
}

/** The AWS engine, as the entry `pulsequeue/aws` has it. */
export interface AwsEngine {
  handlerEntry(app: App, name: string, options: FunctionOptions & FakeClients): (event: Batch, context: InvocationContext) => Promise<unknown>;
  relayEntry(app: App, options: FunctionOptions & FakeClients): (event: Batch) => Promise<unknown>;
  tickerEntry(app: App, options: FunctionOptions & FakeClients): () => Promise<unknown>;
  openAws(app: App, options: FunctionOptions & { readonly clients: FakeClients; readonly subscribe?: boolean }): Promise<Queue>;
}

export interface SimulateAwsOptions extends Omit<FakeAwsOptions, "clock"> {
  /** @default a clock that runs what waits by itself */
  readonly clock?: VirtualClock;
  /** Where ids and waits come from. @default seeded with 1 */
  readonly random?: SeededRandom;
  /** Values of the declared secrets by name. @default none */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Told what functions say. @default nobody */
  readonly observe?: Observer;
}

/** A queue opened from outside, as an operator's machine does. */
export interface OpenedQueue {
  readonly queue: Queue;
  /** The machine is gone, with all that it waits for. */
  forget(): void;
}

export interface SimulatedAws {
  readonly clock: VirtualClock;
  /** The app as it is deployed now. */
  readonly app: App;
  /** The services beneath. */
  readonly services: FakeAws;
  /** Another version of the app, or of its secrets. What runs goes on. */
  deploy(app: App, secrets?: Readonly<Record<string, string>>): void;
  /** `caller`: a function that opens it, for its own endpoint. @default nobody's */
  open(caller?: Caller): Promise<OpenedQueue>;
  /** A request to an endpoint's function. Rejects where the function gives no answer: then nobody knows what it did. */
  invoke(endpoint: EndpointDefinition, request: InvokeRequest): Promise<InvokeResponse>;
  /** Event sources start functions from now on, and schedules unless they are not to. */
  start(options?: { readonly schedules?: boolean }): void;
  /** They start none any more. */
  stop(): void;
  /** Ends every process of a function at once; answers how many had something to do. */
  kill(): number;
  /** Ends one process that has something to do, by the draw of `pick` from their number; `false`: there is none. */
  killOne(pick: (count: number) => number): boolean;
  /** Invocations under way. */
  readonly running: number;
  /** What is not done, in words: messages, records, schedules and functions. Dead letters are none of it. */
  left(): readonly string[];
  /** Gives the messages of dead-letter queues back to where they came from, as an operator does once their cause is gone; answers how many. */
  redriveQueues(): number;
}

const environment = "test";
=======
import { virtualClock } from "../clock.ts";
import { fakeAws } from "./fake-aws.ts";
import { simulateOn } from "./simulate-on.ts";
import type { AwsEngine, SimulateAwsOptions, SimulatedAws } from "./simulated-aws.ts";
>>>>>>> main

/**
 * Deploys `app` into an AWS of its own, in memory and on a virtual clock. `engine`: all of `pulsequeue/aws`.
 *
 * @example
 * import * as engine from "pulsequeue/aws";
 * const aws = simulateAws(app, engine);
 * aws.start();
 * const { queue } = await aws.open();
 * await queue.publish(orderPlaced, { orderId: "o-1" });
 * await settle(queue, aws.clock);
 *
 * Throws `DEPLOYMENT_INVALID` for an app that cannot be deployed.
 */
export function simulateAws(app: App, engine: AwsEngine, options: SimulateAwsOptions = {}): SimulatedAws {
<<<<<<< HEAD
  const { clock = virtualClock(), random = seededRandom(1), observe = () => undefined } = options;
  const services = fakeAws({ ...options, clock });
  const { functions } = services.lambda;
  let current = app;
  let secrets = options.secrets ?? {};
  let variables: StackVariables;
  let ticker: { stop(): void } | undefined;

  const optionsOf = (own: Clock): FunctionOptions => {
    const { account, region } = services;
    return { environment, account, region, clock: own, random: random.fork(), secrets: (name) => secrets[name], observe };
  };
  const inProcess = (process: Process) => ({ ...optionsOf(process.clock), ...services.clientsOf(process) });
  const codeOf = (version: App): DeployedCode => ({
    handler: (name) => (process) => engine.handlerEntry(version, name, inProcess(process)) as Handler,
    relay: (process) => engine.relayEntry(version, inProcess(process)) as Handler,
    ticker: (process) => engine.tickerEntry(version, inProcess(process)),
    endpoint: (name) => (process) => endpointFunction(engine, version, name, { ...optionsOf(process.clock), clients: services.clientsOf(process) }),
  });
  const deploy = (version: App): void => {
    current = version;
    ({ variables } = infrastructureOf(version.topology, environmentOf(services, version.topology)));
    deployInto(services, variables, codeOf(version));
  };
  deploy(app);
  services.lambda.read(false);

  return {
    clock,
    get app() {
      return current;
    },
    services,
    deploy: (version, changed = {}) => {
      secrets = { ...secrets, ...changed };
      deploy(version);
    },
    open: async (caller = outsider) => {
      const port: ClockPort = clock.port();
      const queue = await engine.openAws(current, { ...optionsOf(port), clients: services.clientsOf(caller), subscribe: caller === outsider });
      return {
        queue,
        forget: () => {
          port.detach();
        },
      };
    },
    invoke: async ({ name }, request) => (await functions.invoke(variables.endpoints[name]?.name ?? name, { name, request })) as InvokeResponse,
    start: ({ schedules = true } = {}) => {
      services.lambda.read(true);
      ticker?.stop();
      // A ticker without schedules would keep the clock busy and do nothing.
      if (schedules && current.topology.schedules.size > 0)
        ticker = services.scheduler.everyMinute(`${variables.names.prefix}-pq-ticker`, () => {
          functions.invoke(variables.services.ticker.name, {}).catch(() => undefined); // the next start makes up for it
        });
    },
    stop: () => {
      services.lambda.read(false);
      ticker?.stop();
    },
    kill: () => functions.killAll(),
    killOne: (pick) => functions.killOne(pick),
    get running() {
      return functions.running;
    },
    left: () => leftToDo(services, variables),
    redriveQueues: () => redriveQueues(services, variables),
  };
}

/** The function of an endpoint: what it opened serves all its requests. */
function endpointFunction(engine: AwsEngine, app: App, name: string, options: FunctionOptions & { readonly clients: FakeClients }): Handler {
  const endpoint = app.topology.endpoints.get(name);
  if (endpoint === undefined) throw new PulseQueueError("ENDPOINT_UNKNOWN", `App ${app.name} does not know the endpoint ${name}`);
  let opened: Promise<Queue> | undefined;
  return async (event) => {
    opened ??= engine.openAws(app, { ...options, subscribe: false });
    const queue = await opened.catch((thrown: unknown) => {
      opened = undefined;
      throw thrown;
    });
    return queue.invoke(endpoint, (event as { readonly request: InvokeRequest }).request);
  };
}

/** What the stack of a deployment in the simulation says of it. */
export function environmentOf({ account, region }: Pick<FakeAws, "account" | "region">, { secrets }: Topology): Environment {
  return {
    environment,
    account,
    region,
    owner: "simulation",
    alarmTopic: `arn:aws:sns:${region}:${account}:alarms`,
    logRetentionDays: 30,
    recoveryDays: 7,
    deletionProtection: false,
    throttle: { rate: 100, burst: 100 },
    backup: { days: 7 },
    secrets: Object.fromEntries([...secrets.keys()].map((name) => [name, "whoever simulates"])),
    jwt: { issuer: "https://id.example.com", audience: "simulation" },
  };
=======
  const { clock = virtualClock() } = options;
  return simulateOn(fakeAws({ ...options, clock }), app, engine, { ...options, clock });
>>>>>>> main
}
