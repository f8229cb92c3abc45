/** What every function of a deployment begins with. Made once per process: nothing here asks the network. */
import type { App } from "../../../core/app.ts";
import { deploymentOf, type Deployment } from "../../../core/deployment.ts";
import { PulseQueueError } from "../../../core/errors.ts";
import { idMaker } from "../../../core/ids.ts";
import type { Clock, Observer, Store, System, Tracer } from "../../../core/ports.ts";
import { sealedStore } from "../../../core/sealed-store.ts";
import type { Topology } from "../../../core/topology.ts";
import type { Vault } from "../../../core/vault.ts";
import { machineClock } from "../../../machine/clock.ts";
import { sha256 } from "../../../machine/hash.ts";
import { cryptographic } from "../../../machine/random.ts";
import { environmentSecret } from "../../../machine/secrets.ts";
import type { DynamoDb } from "../clients.ts";
import { resourcesOf, type Place, type Resources } from "../resources.ts";
import { sequenceMaker } from "../sequence.ts";
import { createAwsStore } from "../store/store.ts";
import type { AwsDelivery, StoreContext } from "../store/types.ts";

export interface RuntimeOptions extends Partial<Place> {
  readonly dynamodb: DynamoDb;
  /** Which deployment of the app, e.g. `prod`. @default the variable PULSEQUEUE_ENVIRONMENT */
  readonly environment?: string;
  /** Value of a declared secret, asked each time a handler asks. @default the environment, as for `openLocal` */
  readonly secrets?: (name: string) => string | undefined;
  /** Awaited before each batch and request, e.g. to have the secrets' values of now. @default nothing */
  readonly prepare?: () => Promise<void>;
  /** @default nobody */
  readonly observe?: Observer;
  /** @default nobody */
  readonly trace?: Tracer | undefined;
  /** Encrypts what is declared as personal data. @default stored as it is */
  readonly vault?: Vault | undefined;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** Numbers in [0, 1). @default a cryptographic source */
  readonly random?: () => number;
}

export interface Runtime extends StoreContext {
  readonly system: System;
  readonly topology: Topology;
  readonly deployment: Deployment;
  readonly resources: Resources;
  readonly store: Store<AwsDelivery>;
  readonly prepare: () => Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `account` and `region` come from PULSEQUEUE_ACCOUNT and AWS_REGION where they are not given. Throws `DEPLOYMENT_INVALID`, `DEPLOYMENT_MISMATCH`. */
export function openRuntime(app: App, options: RuntimeOptions, env: Environment = process.env): Runtime {
  const { topology } = app;
  const clock = options.clock ?? machineClock;
  const random = options.random ?? cryptographic();
  const system: System = {
    clock,
    random,
    newId: idMaker(() => clock.now(), random),
    hash: sha256,
    secret: options.secrets ?? ((name) => environmentSecret(name)),
    observe: options.observe ?? (() => undefined),
    vault: options.vault,
    trace: options.trace,
  };
  const deployment = deploymentOf(topology, given(options.environment, env, "PULSEQUEUE_ENVIRONMENT"));
  const resources = resourcesOf({
    account: given(options.account, env, "PULSEQUEUE_ACCOUNT"),
    region: given(options.region, env, "AWS_REGION"),
    endpoint: options.endpoint ?? env["AWS_ENDPOINT_URL"],
  });
  const context: StoreContext = { dynamodb: options.dynamodb, system, topology, deployment, next: sequenceMaker(() => clock.now(), random) };
  const plain = createAwsStore(context);
  const store = options.vault === undefined ? plain : sealedStore(plain, topology, options.vault);
  return { ...context, system, resources, store, prepare: options.prepare ?? (() => Promise.resolve()) };
}

function given(option: string | undefined, env: Environment, variable: string): string {
  const value = option ?? env[variable];
  if (value === undefined || value === "") throw new PulseQueueError("DEPLOYMENT_MISMATCH", `The variable ${variable} has no value`);
  return value;
}
