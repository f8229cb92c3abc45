import type { App } from "../../../core/app.ts";
import { PulseQueueError } from "../../../core/errors.ts";
import { guardInspect, guardKeys, guardLedger, guardNonces, guardOperate } from "../../../core/guard.ts";
import { incidentScope } from "../../../core/incident.ts";
import { createPublisher } from "../../../core/publisher.ts";
import type { EventView, Inspect, Queue } from "../../../core/queue.ts";
import type { DynamoDb, Lambda, Sqs } from "../clients.ts";
import { openRuntime, type Runtime, type RuntimeOptions } from "../entries/context.ts";
import { awsError } from "../errors.ts";
import { openDeliveryReader } from "./delivery-reader.ts";
import { untilIdle } from "./idle.ts";
import { createInspect } from "./inspect.ts";
import { openJournalReader } from "./journal-reader.ts";
import { createKeys } from "./keys.ts";
import { createLedger } from "./ledger.ts";
import { openMappings } from "./mappings.ts";
import { createNonces } from "./nonces.ts";
import { createOperate } from "./operate.ts";
import { openQueues } from "./queues.ts";
import { openReader } from "./reader.ts";
import { subscribing } from "./subscriptions.ts";
import { openSystemTable } from "./system-table.ts";
import { openTableReader } from "./table-reader.ts";
import { eventView } from "./views.ts";

/** Where the queue sends its requests. Give DynamoDB's client `maxAttempts: 1`: the engine retries by itself, and knows what is safe to repeat. */
export interface AwsClients {
  readonly dynamodb: DynamoDb;
  readonly sqs: Sqs;
  readonly lambda: Lambda;
}

export interface AwsOptions extends Omit<RuntimeOptions, "dynamodb" | "prepare"> {
  readonly clients: AwsClients;
  /**
   * Whether what a handler takes is noted from now on where it is new. `false` for who only looks, since the app at hand may be newer than
   * what is deployed, and for an endpoint's function, which may not: then it is read, and only when somebody looks. @default true
   */
  readonly subscribe?: boolean;
}

/** A deployed application's queue. */
export type AwsQueue = Queue;

/**
 * Opens the queue of an application that is deployed as `environment`, from wherever there is a role for it: a server, a script, the
 * command line. Handlers and schedules run as functions from their deployment on, whether or not somebody calls `start`.
 *
 * @example
 * const clients = { dynamodb: new DynamoDBClient({ maxAttempts: 1 }), sqs: new SQSClient(), lambda: new LambdaClient() };
 * const queue = await openAws(app, { environment: "prod", account: "123456789012", region: "eu-central-1", clients });
 * await queue.publish(orderPlaced, { orderId: "o-1" });
 *
 * Throws `DEPLOYMENT_INVALID`, `DEPLOYMENT_MISMATCH`, `SECRET_MISSING`, `AWS_…`, `STORE_UNAVAILABLE`.
 */
export async function openAws(app: App, options: AwsOptions): Promise<AwsQueue> {
  const runtime = runtimeOf(app, options);
  const { topology, system } = runtime;
  const missing = [...topology.secrets.keys()].filter((name) => system.secret(name) === undefined);
  if (missing.length > 0) throw new PulseQueueError("SECRET_MISSING", `These declared secrets have no value: ${missing.join(", ")}`);
  return openQueue(runtime, options);
}

/** The same for a function, which may read the secrets of its own endpoint alone and so cannot know whether the others have values. */
export async function openFunctionQueue(app: App, options: AwsOptions): Promise<AwsQueue> {
  return openQueue(runtimeOf(app, options), options);
}

function runtimeOf(app: App, { clients, ...options }: AwsOptions): Runtime {
  return openRuntime(app, { ...options, dynamodb: clients.dynamodb });
}

async function openQueue(runtime: Runtime, { clients, subscribe = true }: Pick<AwsOptions, "clients" | "subscribe">): Promise<AwsQueue> {
  const { dynamodb, sqs, lambda } = clients;
  const { system, store, topology, deployment, resources, next } = runtime;

  let isClosed = false;
  const assertOpen = (): void => {
    if (isClosed) throw new PulseQueueError("QUEUE_CLOSED", "The queue is closed");
  };
  const reader = openReader(dynamodb, system);
  const systemTable = openSystemTable(dynamodb, deployment.system, system);
  const journal = openJournalReader({ reader, system, topology, table: deployment.journal, systemTable });
  const deliveries = openDeliveryReader(reader, deployment.deliveries);
  const queues = openQueues(sqs, resources, deployment, system);
  const subscriptions = subscribing(systemTable, topology);
  if (subscribe) await subscriptions(next());
  const ledger = createLedger(topology.app, system, systemTable);
  const keys = createKeys(system, systemTable, ledger);
  const mappings = openMappings(lambda, resources, deployment, system);
  const parts = { system, topology, journal, deliveries, queues, subscriptions, systemTable };
  const eventsOf = async (principal: string): Promise<readonly EventView[]> => {
    const found: EventView[] = [];
    for await (const stored of journal.walk({ ascending: true })) if (stored.principal === principal) found.push(eventView(stored, system.vault));
    return found;
  };
  const seen = createInspect({ ...parts, tables: openTableReader(dynamodb, reader, deployment, system) });
  const inspect: Inspect = { ...seen, incident: (filter) => incidentScope({ eventsOf, inspect: seen, ledger, topology }, filter) };
  const guard = { assertOpen, errorOf: (thrown: unknown) => awsError(thrown, "AWS refused") };

  return {
    ...createPublisher({ system, topology, store, admit: assertOpen }),
    async start() {
      assertOpen();
    },
    async idle() {
      assertOpen();
      await untilIdle(parts, assertOpen);
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await ledger.flush();
    },
    inspect: guardInspect(inspect, guard),
    operate: guardOperate(createOperate({ ...parts, table: deployment.deliveries, mappings, ledger, keys, next }), ledger, guard),
    ledger: guardLedger(ledger, guard),
    keys: guardKeys(keys, ledger, guard),
    nonces: guardNonces(createNonces(dynamodb, deployment.system, system), guard),
  };
}
