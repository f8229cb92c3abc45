/** The table of what belongs to no handler: keys, nonces, the ledger, pauses. Every read of it is consistent. */
import { GetItemCommand, TransactWriteItemsCommand, type Delete, type Put, type TransactWriteItem } from "@aws-sdk/client-dynamodb";
import type { System } from "../../../core/ports.ts";
import type { DynamoDb } from "../clients.ts";
import { toItem, type Item } from "../items/attributes.ts";
import { backOff, retrying } from "../retry.ts";
import { openReader } from "./reader.ts";

type Anywhere<Kind> = Omit<Kind, "TableName"> & { /** @default the system table */ readonly TableName?: string };

/** One write of a transaction. */
export interface Write {
  readonly Put?: Anywhere<Put>;
  readonly Delete?: Anywhere<Delete>;
}

export interface Range {
  /** First and last sort key. */
  readonly from: string;
  readonly to: string;
  readonly ascending: boolean;
}

export interface SystemTable {
  get(p: string, s: string): Promise<Item | undefined>;
  /** Items of one partition, read as they are asked for. */
  range(partition: string, range: Range): AsyncGenerator<Item>;
  /** Every item of one partition. */
  all(partition: string): Promise<readonly Item[]>;
  /** All or nothing; `undefined`: written. Else the positions of the writes whose conditions did not hold. At most 100. */
  write(writes: readonly Write[]): Promise<readonly number[] | undefined>;
  /** Waits a little, longer with each round (1 is the first), before somebody else's write is tried against again. `false`: there were enough. */
  pause(round: number): Promise<boolean>;
}

/** Sorts after every sort key. */
const lastText = "\u{10ffff}";

export function openSystemTable(dynamodb: DynamoDb, table: string, system: Pick<System, "clock" | "random" | "newId">): SystemTable {
  const reader = openReader(dynamodb, system);
  const range = (partition: string, { from, to, ascending }: Range): AsyncGenerator<Item> =>
    reader.query({
      TableName: table,
      KeyConditionExpression: "p = :p AND s BETWEEN :from AND :to",
      ExpressionAttributeValues: toItem({ ":p": partition, ":from": from, ":to": to }),
      ScanIndexForward: ascending,
      ConsistentRead: true,
    });
  return {
    range,
    async all(partition) {
      const found: Item[] = [];
      for await (const item of range(partition, { from: "\u0001", to: lastText, ascending: true })) found.push(item);
      return found;
    },
    async get(p, s) {
      const command = new GetItemCommand({ TableName: table, Key: toItem({ p, s }), ConsistentRead: true });
      return (await retrying(system, "DynamoDB refused to read", () => dynamodb.send(command))).Item;
    },
    async write(writes) {
      // The token makes a repeat safe where an answer was lost: what was applied is not applied again.
      const command = new TransactWriteItemsCommand({ TransactItems: writes.map((write) => placed(write, table)), ClientRequestToken: system.newId() });
      return retrying(system, "DynamoDB refused to write", async () => {
        try {
          await dynamodb.send(command);
          return undefined;
        } catch (thrown) {
          const failed = failedConditions(thrown);
          if (failed === undefined) throw thrown;
          return failed;
        }
      });
    },
    pause: (round) => backOff(system, round),
  };
}

/** The writes whose conditions did not hold; `undefined`: something else went wrong. */
function failedConditions(thrown: unknown): readonly number[] | undefined {
  const reasons = thrown instanceof Error && "CancellationReasons" in thrown ? (thrown.CancellationReasons as readonly { readonly Code?: string }[]) : [];
  const coded = (code: string): readonly number[] => [...reasons.keys()].filter((index) => reasons[index]?.Code === code);
  const failed = coded("ConditionalCheckFailed");
  if (failed.length > 0) return failed;
  // Somebody writes to the same item at this moment: as good as its condition having failed.
  const met = coded("TransactionConflict");
  return met.length > 0 ? met : undefined;
}

function placed({ Put, Delete }: Write, table: string): TransactWriteItem {
  return {
    ...(Put === undefined ? {} : { Put: { TableName: table, ...Put } }),
    ...(Delete === undefined ? {} : { Delete: { TableName: table, ...Delete } }),
  };
}
