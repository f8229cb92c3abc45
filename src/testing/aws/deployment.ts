/** Makes in the fake of AWS what Terraform makes in the real one, from the same data. What is there already stays, with what is in it. */
import type { StackVariables, TableData } from "../../synth/infrastructure.ts";
import type { KeyAttribute } from "./dynamodb/table.ts";
import type { FakeAws } from "./fake-aws.ts";
import type { Handler, Process } from "./lambda/functions.ts";
import type { Queue } from "./sqs/queue.ts";

/** What a process of a function begins with. */
type Start = (process: Process) => Handler;

/** The code of a deployment's functions, by the names that the app declares. */
export interface DeployedCode {
  readonly handler: (name: string) => Start;
  readonly endpoint: (name: string) => Start;
  readonly relay: Start;
  readonly ticker: Start;
}

/** As in infra/modules/queue and relay. Seconds. */
const retention = 1_209_600;
const defaultVisibility = 30;
const relayReceives = 20;
const delayBatch = 10;
const delayConcurrency = 10;
const streamBatch = 100;
const oldestRecord = 6 * 3_600;

export function deployInto(aws: FakeAws, variables: StackVariables, code: DeployedCode): void {
  const { names, handlers, endpoints, services } = variables;
  for (const table of Object.values(variables.tables)) createTable(aws, table);
  aws.events.createBus(names.bus);
  aws.scheduler.createGroup(names.schedule_group);
  const { functions } = aws.lambda;
  const failures = createQueue(aws, names.relay_failures);
  const relay = services.relay;
  const delays = createQueue(aws, names.delay_queue, 6 * relay.timeout, failures, relayReceives);
  functions.put({ name: relay.name, timeout: relay.timeout * 1_000, start: code.relay });
  functions.put({ name: services.ticker.name, timeout: services.ticker.timeout * 1_000, start: code.ticker });
  aws.lambda.feedByQueue({ function: relay.name, queue: delays, batchSize: delayBatch, concurrency: delayConcurrency });
  for (const { name, stream } of Object.values(variables.tables)) {
    const source = stream ? aws.dynamodb.tables.get(name)?.stream : undefined;
    if (source !== undefined)
      aws.lambda.feedByStream({
        function: relay.name,
        stream: source,
        batchSize: streamBatch,
        events: ["INSERT", "MODIFY"],
        oldest: oldestRecord * 1_000,
        failures,
      });
  }
  for (const [name, handler] of Object.entries(handlers)) {
    const deadLetters = createQueue(aws, handler.dead_letter_queue);
    const queue = createQueue(aws, handler.queue, handler.visibility_timeout, deadLetters, handler.max_receives);
    functions.put({ name: handler.name, timeout: handler.timeout * 1_000, reserved: handler.reserved_concurrency, start: code.handler(name) });
    if (handler.pattern !== null)
      aws.events.putRule({ name: handler.rule, bus: names.bus, pattern: handler.pattern, targetArn: queue.arn, deadLetterArn: deadLetters.arn });
    aws.lambda.feedByQueue({ function: handler.name, queue, batchSize: handler.batch_size, concurrency: handler.concurrency });
  }
  for (const [name, endpoint] of Object.entries(endpoints))
    functions.put({ name: endpoint.name, timeout: endpoint.timeout * 1_000, start: code.endpoint(name) });
}

function createTable({ dynamodb }: FakeAws, { name, indexes, stream, ttl }: TableData): void {
  if (dynamodb.tables.has(name)) return;
  const attribute = (key: string, type: KeyAttribute["type"] = "S"): KeyAttribute => ({ name: key, type });
  dynamodb.create({
    name,
    hash: attribute("p"),
    range: attribute("s"),
    // Keys alone, as infra/modules/table projects them.
    indexes: Object.entries(indexes).map(([index, { hash, hash_type, range, range_type }]) => ({
      name: index,
      hash: attribute(hash, hash_type),
      range: attribute(range, range_type),
      projection: [],
    })),
    stream: stream ? "NEW_IMAGE" : undefined,
    ttl: ttl ?? undefined,
  });
}

function createQueue({ sqs }: FakeAws, name: string, visibilityTimeout = defaultVisibility, deadLetters?: Queue, maxReceiveCount = 0): Queue {
  const isFifo = name.endsWith(".fifo");
  const redrive = deadLetters === undefined ? undefined : { deadLetterArn: deadLetters.arn, maxReceiveCount };
  const spec = { name, isFifo, visibilityTimeout, delay: 0, retention, redrive, deduplicatesByContent: false, deduplicatesByGroup: isFifo };
  return sqs.queues.get(name) ?? sqs.create(spec);
}

export function leftToDo({ sqs, events, lambda, scheduler }: FakeAws, { handlers, names }: StackVariables): readonly string[] {
  const { running } = lambda.functions;
  const left = running === 0 ? [] : [`${String(running)} functions run`];
  for (const name of [names.delay_queue, ...Object.values(handlers).map(({ queue }) => queue)]) {
    const { visible, inFlight, delayed } = sqs.queues.get(name)?.counts() ?? { visible: 0, inFlight: 0, delayed: 0 };
    if (visible + inFlight + delayed > 0) left.push(`${name} holds ${String(visible)} messages, ${String(inFlight)} in flight, ${String(delayed)} delayed`);
  }
  if (lambda.behind > 0) left.push(`${String(lambda.behind)} records of streams are not carried`);
  if (events.underWay > 0) left.push(`${String(events.underWay)} events are on the bus`);
  if (scheduler.waiting > 0) left.push(`${String(scheduler.waiting)} schedules wait`);
  return left;
}

export function redriveQueues({ sqs }: FakeAws, { handlers }: StackVariables): number {
  let count = 0;
  for (const { queue, dead_letter_queue: deadLetters } of Object.values(handlers)) {
    const [from, to] = [sqs.queues.get(deadLetters), sqs.queues.get(queue)];
    for (const message of from?.receive(Number.POSITIVE_INFINITY) ?? []) {
      to?.send({ body: message.body, group: message.group, deduplicationId: message.deduplicationId });
      from?.remove(message);
      count += 1;
    }
  }
  return count;
}
