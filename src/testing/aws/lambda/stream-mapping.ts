/**
 * An event source mapping of a table's stream: each shard is read by one function at once, in its order. What follows the first
 * record that failed comes again; a batch that ends in an error is halved; what is too old is set aside, and its shard goes on.
 */
import type { Stream, StreamRecord } from "../dynamodb/stream.ts";
import type { Queue } from "../sqs/queue.ts";
import { failuresOf, type Mapping, type MappingHost } from "./queue-mapping.ts";

export interface StreamMappingSpec {
  readonly id: string;
  readonly function: string;
  readonly stream: Stream;
  readonly batchSize: number;
  /** Kinds of changes that are handed over; the others are passed over. */
  readonly events: readonly string[];
  /** Milliseconds after which a record is set aside. */
  readonly oldest: number;
  /** Gets word of what was set aside. */
  readonly failures: Queue;
}

/** Wait before a batch that failed comes again, milliseconds. */
const again = 1_000;

interface Shard {
  readonly number: number;
  readonly records: readonly StreamRecord[];
  next: number;
  isBusy: boolean;
  /** Of the next batch. */
  size: number;
}

export function createStreamMapping(spec: StreamMappingSpec, host: MappingHost): Mapping {
  const { id, function: name, stream, batchSize, events, oldest, failures } = spec;
  const { clock, functions, faults, record } = host;
  const shards = stream.shards.map((records, number): Shard => ({ number, records, next: 0, isBusy: false, size: batchSize }));

  const pump = (shard: Shard): void => {
    if (!mapping.isEnabled || !host.isOn() || shard.isBusy) return;
    const isWanted = ({ eventName }: StreamRecord): boolean => events.includes(eventName);
    for (let one = shard.records[shard.next]; one !== undefined && !isWanted(one); one = shard.records[shard.next]) shard.next += 1;
    const batch = shard.records.slice(shard.next, shard.next + shard.size);
    if (batch.length === 0) return;
    shard.isBusy = true;
    const bytes = batch.reduce((sum, { dynamodb }) => sum + dynamodb.SizeBytes, 0);
    const accesses = ["dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"].map((action) => ({ action, resource: stream.arn }));
    record({ function: name, operation: "dynamodb:GetRecords", accesses, items: batch.length, bytes });
    functions.invoke(name, { Records: batch.filter(isWanted) }).then(
      (answer) => {
        const failed = failuresOf(answer);
        const index = failed === undefined ? 0 : firstOf(batch, failed);
        if (index === undefined) carried(shard, batch.length);
        else failedAt(shard, batch, index);
      },
      () => {
        shard.size = Math.max(1, Math.ceil(shard.size / 2));
        failedAt(shard, batch, 0);
      },
    );
  };
  const carried = (shard: Shard, count: number): void => {
    if (!faults.repeatsBatch()) shard.next += count;
    shard.size = batchSize;
    shard.isBusy = false;
    clock.soon(() => {
      pump(shard);
    });
  };
  const failedAt = (shard: Shard, batch: readonly StreamRecord[], index: number): void => {
    shard.next += index;
    const [first] = batch.slice(index);
    const isTooOld = first !== undefined && clock.now() - first.dynamodb.ApproximateCreationDateTime * 1_000 > oldest;
    if (isTooOld) {
      shard.next += 1;
      const range = { startSequenceNumber: first.dynamodb.SequenceNumber, endSequenceNumber: first.dynamodb.SequenceNumber, batchSize: 1, streamArn: stream.arn };
      failures.send({ body: JSON.stringify({ requestContext: { functionArn: name, condition: "RecordAgeExceeded" }, DDBStreamBatchInfo: range }) });
      const accesses = [{ action: "sqs:SendMessage", resource: failures.arn }];
      record({ function: name, operation: "sqs:SendMessage", accesses, items: 1, bytes: 0 });
    }
    clock.timer(again, () => {
      shard.isBusy = false;
      pump(shard);
    });
  };
  const mapping: Mapping = {
    id,
    function: name,
    sourceArn: stream.arn,
    isEnabled: true,
    wake: () => {
      for (const shard of shards) pump(shard);
    },
    behind: () => shards.reduce((sum, { records, next }) => sum + records.slice(next).filter(({ eventName }) => events.includes(eventName)).length, 0),
  };
  stream.listen((number) => {
    const [shard] = shards.slice(number);
    const lag = faults.streamLag();
    const look = (): void => {
      if (shard !== undefined) pump(shard);
    };
    if (lag === 0) clock.soon(look);
    else clock.timer(lag, look);
  });
  return mapping;
}

/** Where the first of these records is; `undefined`: none is named. */
function firstOf(batch: readonly StreamRecord[], failed: readonly string[]): number | undefined {
  if (failed.length === 0) return undefined;
  const index = batch.findIndex(({ dynamodb }) => failed.includes(dynamodb.SequenceNumber));
  return Math.max(0, index);
}
