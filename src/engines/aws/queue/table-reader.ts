/** Declared tables for those who look. */
import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import type { Deployment } from "../../../core/deployment.ts";
import type { System } from "../../../core/ports.ts";
import type { TableInspector } from "../../../core/queue.ts";
import { shownRow } from "../../../core/shown-row.ts";
import { compareText, givenKey, type AnyTable, type Row, type RowKey } from "../../../core/table.ts";
import type { DynamoDb } from "../clients.ts";
import { toItem } from "../items/attributes.ts";
import { readRow, rowKeyOf } from "../items/rows.ts";
import { retrying } from "../retry.ts";
import type { Reader } from "./reader.ts";

export interface TableReader {
  of<T extends AnyTable>(table: T): TableInspector<T>;
}

export function openTableReader(dynamodb: DynamoDb, reader: Reader, deployment: Deployment, system: System): TableReader {
  return {
    of<T extends AnyTable>(table: T) {
      const name = deployment.tables.get(table.name) ?? table.name;
      return {
        async get(key: RowKey<T>) {
          const command = new GetItemCommand({ TableName: name, Key: toItem({ ...rowKeyOf(givenKey(table, key)) }), ConsistentRead: true });
          const { Item } = await retrying(system, "DynamoDB refused to read", () => dynamodb.send(command));
          return Item === undefined ? undefined : shownRow(table, readRow(Item).body, system.vault);
        },
        async all() {
          const rows = [];
          for await (const item of reader.scan(name)) rows.push(readRow(item));
          return rows.sort((left, right) => compareText(left.key, right.key)).map(({ body }) => shownRow(table, body, system.vault) as Row<T>);
        },
      };
    },
  };
}
