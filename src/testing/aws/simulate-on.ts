/** A deployed application on a fake of AWS: its real functions, fed by queues, streams and schedules as its infrastructure wires them. */
import type { App } from "../../core/app.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import type { InvokeRequest, InvokeResponse, Queue } from "../../core/queue.ts";
import type { Topology } from "../../core/topology.ts";
import { infrastructureOf, type Environment, type StackVariables } from "../../synth/index.ts";
import type { ClockPort } from "../clock.ts";
import { seededRandom } from "../random.ts";
import { deployInto, leftToDo, redriveQueues, type DeployedCode } from "./deployment.ts";
import type { FakeAws } from "./fake-aws.ts";
import type { Handler, Process } from "./lambda/functions.ts";
import { outsider } from "./service/service.ts";
import type { AwsEngine, FunctionOptions, SdkClients, SimulateAwsOptions, SimulatedAws } from "./simulated-aws.ts";

const environment = "test";

/** `clock`: that of the fake. */
export function simulateOn(
  services: FakeAws,
  app: App,
  engine: AwsEngine,
  options: SimulateAwsOptions & Pick<Required<SimulateAwsOptions>, "clock">,
): SimulatedAws {
  const { clock, random = seededRandom(1), observe = () => undefined } = options;
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
function endpointFunction(engine: AwsEngine, app: App, name: string, options: FunctionOptions & { readonly clients: SdkClients }): Handler {
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

/** What the stack of a deployment in the simulation says of it. `parameters`: secrets that Parameter Store keeps. @default none */
export function environmentOf(
  { account, region }: Pick<FakeAws, "account" | "region">,
  { secrets }: Topology,
  parameters: readonly string[] = [],
): Environment {
  const origins = (inParameters: boolean) =>
    Object.fromEntries([...secrets.keys()].filter((name) => parameters.includes(name) === inParameters).map((name) => [name, "whoever simulates"]));
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
    secrets: origins(false),
    parameters: origins(true),
    jwt: { issuer: "https://id.example.com", audience: "simulation", keys: "https://id.example.com/keys" },
  };
}
