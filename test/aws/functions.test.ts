/** Lambda in this process: processes, and the event source mappings that feed them. */
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import { describe, expect, test } from "vitest";
import { pass, virtualClock, type VirtualClock } from "pulsequeue/testing";
import { fakeAws, type FakeAws } from "../../src/testing/aws/fake-aws.ts";
import { noAwsFaults, type AwsFaults } from "../../src/testing/aws/faults.ts";
import { FunctionError, type Handler, type Process } from "../../src/testing/aws/lambda/functions.ts";
import type { Queue } from "../../src/testing/aws/sqs/queue.ts";

interface Place extends FakeAws {
  readonly clock: VirtualClock;
  readonly queue: Queue;
  readonly failures: Queue;
  readonly processes: Process[];
}

/** One function with a timeout of 10 s, fed by a queue in batches of 3, one at a time. */
function open(handler: Handler, faults: Partial<AwsFaults> = {}): Place {
  const clock = virtualClock();
  const aws = fakeAws({ clock, shards: 1, faults: { ...noAwsFaults, ...faults } });
  const standard = { isFifo: false, visibilityTimeout: 60, delay: 0, retention: 9_999, deduplicatesByContent: false, deduplicatesByGroup: false };
  const queue = aws.sqs.create({ ...standard, name: "work" });
  const failures = aws.sqs.create({ ...standard, name: "failures" });
  const processes: Process[] = [];
  aws.lambda.functions.put({
    name: "worker",
    timeout: 10_000,
    start: (process) => {
      processes.push(process);
      return handler;
    },
  });
  aws.lambda.feedByQueue({ function: "worker", queue, batchSize: 3, concurrency: 1 });
  return { ...aws, clock, queue, failures, processes };
}

interface Batch {
  readonly Records: readonly {
    readonly messageId: string;
    readonly body: string;
    readonly dynamodb: { readonly SequenceNumber: string; readonly Keys: { readonly p: { readonly S: string } } };
  }[];
}

const namesOf = (event: unknown): readonly string[] => (event as Batch).Records.map(({ body }) => body);
const failing = (event: unknown, bad: string): unknown => ({
  batchItemFailures: (event as Batch).Records.filter(({ body }) => body === bad).map(({ messageId }) => ({ itemIdentifier: messageId })),
});

describe("a mapping of a queue", () => {
  test("deletes what the answer does not name; the rest comes again when its visibility ends", async () => {
    const batches: (readonly string[])[] = [];
    const { clock, queue } = open((event) => {
      batches.push(namesOf(event));
      return Promise.resolve(batches.length === 1 ? failing(event, "b") : undefined);
    });
    for (const body of ["a", "b", "c", "d"]) queue.send({ body });
    await pass(clock, "59s");
    expect(batches).toEqual([["a", "b", "c"], ["d"]]);
    await pass(clock, "2s");
    expect(batches.slice(2)).toEqual([["b"]]);
    await pass(clock, "1h");
    expect(batches).toHaveLength(3);
  });

  test("takes an answer that names what was not in the batch for no answer: all of it comes again", async () => {
    let count = 0;
    const { clock, queue } = open(() => {
      count += 1;
      return Promise.resolve(count === 1 ? { batchItemFailures: [{ itemIdentifier: "another" }] } : { batchItemFailures: [] });
    });
    queue.send({ body: "a" });
    await pass(clock, "1h");
    expect(count).toBe(2);
  });

  test("ends a function that takes too long, and starts another process with the same batch", async () => {
    let count = 0;
    const { clock, queue, processes } = open(() => {
      count += 1;
      return count === 1 ? new Promise(() => undefined) : Promise.resolve();
    });
    queue.send({ body: "a" });
    await pass(clock, "1h");
    expect(count).toBe(2);
    expect(processes.map((process) => process.isAlive())).toEqual([false, true]);
  });

  test("uses a process again, and makes up for starts that were refused", async () => {
    let refusals = 2;
    const seen: string[] = [];
    const throttles = (): boolean => (refusals -= 1) >= 0;
    const { clock, queue, processes } = open(
      (event) => {
        seen.push(...namesOf(event));
        return Promise.resolve();
      },
      { lambda: { ...noAwsFaults.lambda, throttles } },
    );
    for (const body of ["a", "b", "c", "d", "e"]) queue.send({ body });
    await pass(clock, "1h");
    expect(seen.toSorted()).toEqual(["a", "b", "c", "d", "e"]);
    expect(processes).toHaveLength(1);
  });

  test("is found by its function, and starts nothing while it is disabled", async () => {
    let count = 0;
    const { clock, queue, clients } = open(() => Promise.resolve((count += 1)));
    const { EventSourceMappings: found = [] } = await clients.lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName: "worker", EventSourceArn: queue.arn }),
    );
    expect(found).toHaveLength(1);
    await clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID: found[0]?.UUID, Enabled: false }));
    queue.send({ body: "a" });
    await pass(clock, "1h");
    expect(count).toBe(0);
    await clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID: found[0]?.UUID, Enabled: true }));
    await pass(clock, "1s");
    expect(count).toBe(1);
  });
});

describe("a mapping of a stream", () => {
  async function fill({ dynamodb, clients, lambda, failures }: Place, keys: readonly string[]): Promise<void> {
    const table = dynamodb.create({ name: "events", hash: { name: "p", type: "S" }, stream: "NEW_IMAGE" });
    for (const p of keys) await clients.dynamodb.send(new PutItemCommand({ TableName: "events", Item: { p: { S: p } } }));
    if (table.stream === undefined) throw new Error("no stream");
    lambda.feedByStream({ function: "worker", stream: table.stream, batchSize: 4, events: ["INSERT", "MODIFY"], oldest: 3_600_000, failures });
  }
  const keysOf = (event: unknown): readonly string[] => (event as Batch).Records.map(({ dynamodb }) => dynamodb.Keys.p.S);

  test("hands in again what follows the first record that failed, in its order", async () => {
    const batches: (readonly string[])[] = [];
    const place = open((event) => {
      batches.push(keysOf(event));
      const [, second] = (event as Batch).Records;
      return Promise.resolve(batches.length === 1 ? { batchItemFailures: [{ itemIdentifier: second?.dynamodb.SequenceNumber }] } : undefined);
    });
    await fill(place, ["a", "b", "c", "d", "e"]);
    await pass(place.clock, "1m");
    expect(batches).toEqual([
      ["a", "b", "c", "d"],
      ["b", "c", "d", "e"],
    ]);
    expect(place.lambda.behind).toBe(0);
  });

  test("halves a batch that ends in an error, and sets aside a record that fails until it is too old", async () => {
    const done: string[] = [];
    const place = open((event) => {
      if (keysOf(event).includes("c")) return Promise.reject(new Error("poison"));
      done.push(...keysOf(event));
      return Promise.resolve();
    });
    await fill(place, ["a", "b", "c", "d"]);
    await pass(place.clock, "10m");
    expect(done).toEqual(["a", "b"]);
    await pass(place.clock, "1h");
    expect(done).toEqual(["a", "b", "d"]);
    expect(place.failures.receive(10)).toHaveLength(1);
  });
});

test("a function with a limit of its own refuses more at once, and one that is killed gives no answer", async () => {
  const { clock, lambda } = open(() => Promise.resolve());
  lambda.functions.put({ name: "alone", timeout: 10_000, reserved: 1, start: () => () => new Promise(() => undefined) });
  const first = lambda.functions.invoke("alone", {}).catch((error: unknown) => error);
  await expect(lambda.functions.invoke("alone", {})).rejects.toMatchObject({ why: "throttled" });
  expect(lambda.functions.killAll()).toBe(1);
  await pass(clock, "1s");
  expect(await first).toBeInstanceOf(FunctionError);
  expect(lambda.functions.running).toBe(0);
});
