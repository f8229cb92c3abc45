/**
 * The least of a platform that runs functions: queues, a bus, one-time schedules and event source mappings over the fake clients, on
 * the virtual clock, without faults.
 */
import type { Deployment } from "../../src/core/deployment.ts";
import type { Topology } from "../../src/core/topology.ts";
import type { BatchResponse, LambdaContext, SqsRecord } from "../../src/engines/aws/entries/lambda.ts";
import type { FakeAws } from "../../src/testing/aws/fake-aws.ts";
import { AwsError } from "../../src/testing/aws/service/errors.ts";
import { operation, type Operation, type Service } from "../../src/testing/aws/service/service.ts";
import type { VirtualClock } from "../../src/testing/clock.ts";

interface Message {
  readonly id: string;
  readonly body: string;
  readonly group: string | undefined;
  /** Monotonic milliseconds. */
  visibleAt: number;
  receives: number;
}

interface Queue {
  readonly messages: Message[];
  readonly seen: Set<string>;
  changed: () => void;
}

/** One process of a function. */
export interface Invocation {
  alive: boolean;
}

/** What runs when a function is invoked. */
export interface Code {
  handler(name: string, invocation: Invocation, event: { readonly Records: readonly SqsRecord[] }, context: LambdaContext): Promise<BatchResponse>;
  relay(invocation: Invocation, event: { readonly Records: readonly object[] }): Promise<BatchResponse>;
  ticker(invocation: Invocation): Promise<void>;
}

const batchSize = 10;
const retryDelay = 1_000;
const minute = 60_000;

export class Platform {
  readonly services: Readonly<Record<"sqs" | "events" | "scheduler" | "lambda", Service>>;
  #topology: Topology;
  #code: Code;
  #isOn = false;
  #count = 0;
  readonly #queues = new Map<string, Queue>();
  readonly #enabled = new Map<string, boolean>();
  readonly #running = new Map<string, number>();
  readonly #invocations = new Set<Invocation>();
  readonly #cursors = new Map<object, number>();
  readonly #busyShards = new Set<object>();
  readonly #aws: FakeAws;
  readonly #clock: VirtualClock;
  readonly #deployment: () => Deployment;

  constructor(aws: FakeAws, clock: VirtualClock, topology: Topology, deployment: () => Deployment, code: Code) {
    this.#aws = aws;
    this.#clock = clock;
    this.#topology = topology;
    this.#deployment = deployment;
    this.#code = code;
    this.services = { sqs: this.#sqs(), events: this.#events(), scheduler: this.#scheduler(), lambda: this.#lambda() };
  }

  /** Another version of the app. What runs goes on. */
  deploy(topology: Topology, code: Code): void {
    this.#topology = topology;
    this.#code = code;
    const { deliveries, journal } = this.#deployment();
    for (const name of [journal, deliveries]) {
      const stream = this.#aws.dynamodb.tables.get(name)?.stream;
      for (const [shard, records] of stream?.shards.entries() ?? []) {
        if (this.#cursors.has(records)) continue;
        this.#cursors.set(records, 0);
        if (shard === 0) stream?.listen((changed) => this.#soon(() => this.#pump(stream.shards[changed] ?? [])));
      }
    }
  }

  start(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    for (const records of this.#cursors.keys()) this.#soon(() => this.#pump(records as readonly object[]));
    for (const name of this.#topology.handlers.keys()) this.#soon(() => this.#poll(name));
    this.#soon(() => this.#pollDelays());
    if (this.#topology.schedules.size > 0) this.#soon(() => this.#tick());
  }

  stop(): void {
    this.#isOn = false;
  }

  /** Ends every process at once. Answers whether one was there. */
  kill(): boolean {
    const any = this.#invocations.size > 0;
    for (const invocation of this.#invocations) invocation.alive = false;
    this.#invocations.clear();
    this.#running.clear();
    this.#busyShards.clear();
    return any;
  }

  /** Whether a process of a function runs. */
  get isBusy(): boolean {
    return this.#invocations.size > 0;
  }

  #soon(fn: () => void): void {
    this.#clock.soon(fn);
  }

  #queue(name: string): Queue {
    const known = this.#queues.get(name) ?? { messages: [], seen: new Set<string>(), changed: () => undefined };
    this.#queues.set(name, known);
    return known;
  }

  #send(
    name: string,
    body: string,
    { group, id, delay = 0 }: { readonly group?: string | undefined; readonly id?: string | undefined; readonly delay?: number } = {},
  ): void {
    const queue = this.#queue(name);
    if (id !== undefined && queue.seen.has(id)) return;
    if (id !== undefined) queue.seen.add(id);
    this.#count += 1;
    queue.messages.push({ id: `m${String(this.#count)}`, body, group, visibleAt: this.#clock.monotonic() + delay * 1_000, receives: 0 });
    if (delay > 0) this.#clock.timer(delay * 1_000, () => this.#wake(name));
    else this.#wake(name);
  }

  #wake(name: string): void {
    const handler = [...this.#deployment().handlers].find(([, { queue }]) => queue === name)?.[0];
    this.#soon(() => (handler === undefined ? this.#pollDelays() : this.#poll(handler)));
  }

  #receive(name: string, most: number, visibility: number): Message[] {
    const now = this.#clock.monotonic();
    const { messages } = this.#queue(name);
    const blocked = new Set(messages.filter(({ visibleAt, receives }) => receives > 0 && visibleAt > now).map(({ group }) => group));
    const taken: Message[] = [];
    for (const message of messages) {
      if (taken.length === most) break;
      if (message.group !== undefined && blocked.has(message.group)) continue;
      if (message.visibleAt > now) {
        if (message.group !== undefined) blocked.add(message.group);
        continue;
      }
      taken.push(message);
    }
    for (const message of taken) this.#hide(name, message, visibility);
    for (const message of taken) message.receives += 1;
    return taken;
  }

  #hide(name: string, message: Message, milliseconds: number): void {
    message.visibleAt = this.#clock.monotonic() + milliseconds;
    this.#clock.timer(milliseconds, () => this.#wake(name));
  }

  async #invoke<Result>(run: (invocation: Invocation) => Promise<Result>): Promise<Result | undefined> {
    const invocation: Invocation = { alive: true };
    this.#invocations.add(invocation);
    try {
      const result = await run(invocation);
      return invocation.alive ? result : undefined;
    } finally {
      this.#invocations.delete(invocation);
    }
  }

  #poll(name: string): void {
    const handler = this.#topology.handlers.get(name);
    const queue = this.#deployment().handlers.get(name)?.queue;
    if (!this.#isOn || handler === undefined || queue === undefined || this.#enabled.get(name) === false) return;
    while ((this.#running.get(name) ?? 0) < handler.concurrency.limit) {
      const visibility = handler.timeout * 6;
      const messages = this.#receive(queue, batchSize, visibility);
      if (messages.length === 0) return;
      this.#running.set(name, (this.#running.get(name) ?? 0) + 1);
      const end = this.#clock.monotonic() + Math.min(900_000, Math.max(visibility, handler.timeout + 30_000));
      const context = { getRemainingTimeInMillis: () => end - this.#clock.monotonic() };
      const records = messages.map((message) => recordOf(message));
      const ended = this.#invoke((invocation) => this.#code.handler(name, invocation, { Records: records }, context)).then((response) => {
        if (response === undefined) return false;
        const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        const { messages: all } = this.#queue(queue);
        for (const message of messages) if (!failed.has(message.id) && all.includes(message)) all.splice(all.indexOf(message), 1);
        return true;
      });
      const next = (isOver: boolean): void => {
        if (!isOver) return;
        this.#running.set(name, Math.max(0, (this.#running.get(name) ?? 1) - 1));
        this.#soon(() => this.#poll(name));
      };
      ended.then(next, () => next(true));
    }
  }

  #pollDelays(): void {
    if (!this.#isOn) return;
    const name = this.#deployment().delayQueue;
    const messages = this.#receive(name, batchSize, 90_000);
    if (messages.length === 0) return;
    void this.#invoke((invocation) => this.#code.relay(invocation, { Records: messages.map((message) => recordOf(message)) })).then((response) => {
      if (response === undefined) return;
      const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const { messages: all } = this.#queue(name);
      for (const message of messages) if (!failed.has(message.id)) all.splice(all.indexOf(message), 1);
    });
    this.#soon(() => this.#pollDelays());
  }

  #pump(records: readonly object[]): void {
    const from = this.#cursors.get(records) ?? 0;
    if (!this.#isOn || this.#busyShards.has(records) || from >= records.length) return;
    this.#busyShards.add(records);
    const batch = records.slice(from, from + 100) as readonly { readonly dynamodb: { readonly SequenceNumber: string } }[];
    void this.#invoke((invocation) => this.#code.relay(invocation, { Records: batch })).then(
      (response) => {
        if (response === undefined) return this.#again(records);
        const first = response.batchItemFailures[0]?.itemIdentifier;
        const done = first === undefined ? batch.length : batch.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === first);
        this.#cursors.set(records, from + done);
        this.#busyShards.delete(records);
        if (first === undefined) this.#soon(() => this.#pump(records));
        else this.#clock.timer(retryDelay, () => this.#pump(records));
      },
      () => this.#again(records),
    );
  }

  #again(records: readonly object[]): void {
    this.#clock.timer(retryDelay, () => {
      this.#busyShards.delete(records);
      this.#pump(records);
    });
  }

  #tick(): void {
    if (!this.#isOn) return;
    void this.#invoke((invocation) => this.#code.ticker(invocation)).catch(() => undefined);
    this.#clock.timer(minute - (this.#clock.now() % minute), () => this.#tick());
  }

  #sqs(): Service {
    const nameOf = (url: unknown): string => String(url).split("/").at(-1) ?? "";
    const find = (queue: string, receipt: string): Message | undefined => this.#queue(queue).messages.find(({ id }) => id === receipt);
    return {
      name: "sqs",
      operations: {
        SendMessageBatch: any((input) => {
          const entries = input["Entries"] as readonly Record<string, string | number | undefined>[];
          for (const entry of entries)
            this.#send(nameOf(input["QueueUrl"]), String(entry["MessageBody"]), {
              group: text(entry["MessageGroupId"]),
              id: text(entry["MessageDeduplicationId"]),
              delay: Number(entry["DelaySeconds"] ?? 0),
            });
          return { Successful: entries.map((entry) => ({ Id: entry["Id"] })), Failed: [] };
        }),
        ChangeMessageVisibilityBatch: any((input) => {
          const name = nameOf(input["QueueUrl"]);
          const entries = input["Entries"] as readonly { readonly Id: string; readonly ReceiptHandle: string; readonly VisibilityTimeout: number }[];
          for (const { ReceiptHandle, VisibilityTimeout } of entries) {
            const message = find(name, ReceiptHandle);
            if (message !== undefined) this.#hide(name, message, VisibilityTimeout * 1_000);
          }
          return { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] };
        }),
        GetQueueAttributes: any((input) => {
          const now = this.#clock.monotonic();
          const { messages } = this.#queue(nameOf(input["QueueUrl"]));
          const visible = messages.filter(({ visibleAt }) => visibleAt <= now).length;
          const hidden = messages.filter(({ visibleAt, receives }) => visibleAt > now && receives > 0).length;
          return { Attributes: { ApproximateNumberOfMessages: String(visible), ApproximateNumberOfMessagesNotVisible: String(hidden) } };
        }),
      },
    };
  }

  #events(): Service {
    const put = any((input) => {
      const entries = input["Entries"] as readonly Readonly<Record<"Source" | "DetailType" | "Detail", string>>[];
      for (const { Source, DetailType, Detail } of entries) {
        const time = new Date(this.#clock.now()).toISOString();
        const body = JSON.stringify({
          version: "0",
          id: "0",
          "detail-type": DetailType,
          source: Source,
          account: "1",
          time,
          region: "r",
          resources: [],
          detail: JSON.parse(Detail) as unknown,
        });
        for (const { name, ordered, on } of this.#topology.handlers.values())
          if (!ordered && on.some((event) => event.name === DetailType)) this.#send(this.#deployment().handlers.get(name)?.queue ?? "", body);
      }
      return { FailedEntryCount: 0, Entries: entries.map((_entry, index) => ({ EventId: String(index) })) };
    });
    return { name: "events", operations: { PutEvents: put } };
  }

  #scheduler(): Service {
    const names = new Set<string>();
    const create = any((input) => {
      const name = String(input["Name"]);
      if (names.has(name)) throw new AwsError("ConflictException", "there already");
      names.add(name);
      const at = Date.parse(`${String(input["ScheduleExpression"]).slice(3, -1)}Z`);
      const target = input["Target"] as { readonly Arn: string; readonly Input: string };
      this.#clock.timer(at - this.#clock.now(), () => {
        names.delete(name);
        this.#send(target.Arn.split(":").at(-1) ?? "", target.Input);
      });
      return { ScheduleArn: name };
    });
    return { name: "scheduler", operations: { CreateSchedule: create } };
  }

  #lambda(): Service {
    return {
      name: "lambda",
      operations: {
        ListEventSourceMappings: any((input) => {
          const name = [...this.#deployment().handlers].find(([, handler]) => handler.function === input["FunctionName"])?.[0];
          return { EventSourceMappings: name === undefined ? [] : [{ UUID: name }] };
        }),
        UpdateEventSourceMapping: any((input) => {
          const name = String(input["UUID"]);
          this.#enabled.set(name, input["Enabled"] === true);
          this.#soon(() => this.#poll(name));
          return {};
        }),
      },
    };
  }
}

function recordOf(message: Message): SqsRecord {
  const attributes = { ApproximateReceiveCount: String(message.receives), ...(message.group === undefined ? {} : { MessageGroupId: message.group }) };
  return { messageId: message.id, receiptHandle: message.id, body: message.body, attributes };
}

function text(value: string | number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

/** An operation that takes whatever it is given. */
function any(run: (input: Readonly<Record<string, unknown>>) => object): Operation {
  const fields: ReadonlySet<string> = { has: () => true } as unknown as ReadonlySet<string>;
  return { ...operation<object, object>([], (input) => run(input as Readonly<Record<string, unknown>>)), fields };
}
