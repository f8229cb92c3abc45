/** DynamoDB in this process: tables, and the service that answers a client. */
import type { Service } from "../service/service.ts";
import { adminOperations } from "./admin.ts";
import { itemOperations } from "./items.ts";
import { queryOperations } from "./query.ts";
import { createTable, type Table, type TableHost, type TableSpec } from "./table.ts";
import { transactGetItems, transactWriteItems } from "./transact.ts";
import { compareValues } from "./values.ts";

export interface DynamoDb {
  readonly service: Service;
  readonly tables: ReadonlyMap<string, Table>;
  create(spec: TableSpec): Table;
  /** Deletes what has outlived the second in its table's time-to-live attribute; the real service does so within days. Answers how many. */
  expire(): number;
}

export function createDynamoDb(host: TableHost): DynamoDb {
  const tables = new Map<string, Table>();
  const create = (spec: TableSpec): Table => {
    const table = createTable(spec, host);
    tables.set(spec.name, table);
    return table;
  };
  return {
    tables,
    create,
    expire: () => {
      const now = { N: String(Math.floor(host.now() / 1_000)) };
      let count = 0;
      for (const table of tables.values()) {
        const attribute = table.spec.ttl;
        if (attribute === undefined) continue;
        for (const { item } of table.all()) {
          const end = item[attribute];
          if (end === undefined || (compareValues(end, now) ?? 0) >= 0) continue;
          table.set(table.keyOf(item), undefined, true);
          count += 1;
        }
      }
      return count;
    },
    service: {
      name: "dynamodb",
      operations: {
        ...adminOperations(tables, create),
        ...itemOperations(tables),
        ...queryOperations(tables),
        TransactWriteItems: transactWriteItems(tables, host.monotonic),
        TransactGetItems: transactGetItems(tables),
      },
    },
  };
}
