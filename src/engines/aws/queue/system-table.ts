/** The table of what belongs to no handler: keys, nonces, the ledger, pauses. Every read of it is consistent. */
import {
  GetItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  TransactionCanceledException,
  type ConditionCheck,
  type Delete,
  type Put,
  type TransactWriteItem,
  type Update,
} from "@aws-sdk/client-dynamodb";
import type { System } from "../../../core/ports.ts";
import type { DynamoDb } from "../clients.ts";
import { toItem, type Item } from "../items/attributes.ts";

type Anywhere<Kind> = Omit<Kind, "TableName"> & { /** @default the system table */ readonly TableName?: string };

/** One write of a transaction. */
export interface Write {
  readonly Put?: Anywhere<Put>;
  readonly Update?: Anywhere<Update>;
  readonly Delete?: Anywhere<Delete>;
  readonly ConditionCheck?: Anywhere<ConditionCheck>;
}

export interface Range {
  /** First and last sort key. */
  readonly from: string;
  readonly to: string;
  readonly ascending: boolean;
  /** `undefined`: all. */
  readonly limit: number | undefined;
}

export interface SystemTable {
  get(key: Item): Promise<Item | undefined>;
  /** The first items of one partition, at most `limit`. */
  query(partition: string, range: Range): Promise<readonly Item[]>;
  /** Every item of one partition. */
  queryAll(partition: string): Promise<readonly Item[]>;
  /** All or nothing; `undefined`: written. Else the positions of the writes whose conditions did not hold. At most 100. */
  write(writes: readonly Write[]): Promise<readonly number[] | undefined>;
  /** Waits a little, longer with each round, before somebody else's write is tried against again. */
  pause(round: number): Promise<void>;
}

/** Wait before a second try and most that a wait grows to, milliseconds. */
const firstPause = 20;
const longestPause = 1_000;

export function openSystemTable(dynamodb: DynamoDb, table: string, { clock, random }: Pick<System, "clock" | "random">): SystemTable {
  const query = async (partition: string, { from, to, ascending, limit }: Range): Promise<readonly Item[]> => {
    const found: Item[] = [];
    for (let start: Item | undefined; ;) {
      const { Items = [], LastEvaluatedKey } = await dynamodb.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: "p = :p AND s BETWEEN :from AND :to",
          ExpressionAttributeValues: toItem({ ":p": partition, ":from": from, ":to": to }),
          ScanIndexForward: ascending,
          ConsistentRead: true,
          ...(limit === undefined ? {} : { Limit: limit - found.length }),
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      found.push(...Items);
      if (LastEvaluatedKey === undefined || (limit !== undefined && found.length >= limit)) return found;
      start = LastEvaluatedKey;
    }
  };
  return {
    query,
    queryAll: (partition) => query(partition, { from: "\u0001", to: lastText, ascending: true, limit: undefined }),
    async get(key) {
      const { Item } = await dynamodb.send(new GetItemCommand({ TableName: table, Key: key, ConsistentRead: true }));
      return Item;
    },
    async write(writes) {
      try {
        await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: writes.map((write) => placed(write, table)) }));
        return undefined;
      } catch (thrown) {
        if (!(thrown instanceof TransactionCanceledException)) throw thrown;
        const codes = (thrown.CancellationReasons ?? []).map(({ Code }) => Code);
        const failed = [...codes.keys()].filter((index) => codes[index] === "ConditionalCheckFailed");
        if (failed.length > 0) return failed;
        // Somebody writes to the same items at this moment: as good as the head having moved.
        if (codes.includes("TransactionConflict")) return [0];
        throw thrown;
      }
    },
    pause: (round) =>
      new Promise((resolve) => {
        clock.timer(Math.min(longestPause, firstPause * 2 ** round) * random(), resolve);
      }),
  };
}

/** Sorts after every sort key of the table. */
const lastText = "\u{10ffff}";

function placed({ Put, Update, Delete, ConditionCheck }: Write, table: string): TransactWriteItem {
  return {
    ...(Put === undefined ? {} : { Put: { TableName: table, ...Put } }),
    ...(Update === undefined ? {} : { Update: { TableName: table, ...Update } }),
    ...(Delete === undefined ? {} : { Delete: { TableName: table, ...Delete } }),
    ...(ConditionCheck === undefined ? {} : { ConditionCheck: { TableName: table, ...ConditionCheck } }),
  };
}
