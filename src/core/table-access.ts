/** `ctx.tables`: the declared tables, and an error for every other name. */
import type { Context, ReadableTable, WritableTable } from "./context.ts";
import { PulseQueueError } from "./errors.ts";
import type { GrantSet } from "./grants.ts";
import type { AnyQuery } from "./row-query.ts";
import type { AnyTable } from "./table.ts";

/** What reads and writes the rows. */
export interface RowAccess {
  getRow(table: AnyTable, key: unknown): Promise<unknown>;
  queryRows(table: AnyTable, query: AnyQuery): Promise<readonly unknown[]>;
  putRow(table: AnyTable, row: unknown): void;
  deleteRow(table: AnyTable, key: unknown): void;
  refuse(grant: "reads" | "writes", table: { readonly kind: string; readonly name: string }): never;
}

/** Whose tables they are: the same object for every call of one batch. */
export interface TableOwner {
  readonly owner: string;
  readonly grants: GrantSet;
}

class TableAccess implements ReadableTable<AnyTable> {
  protected readonly scope: RowAccess;
  protected readonly table: AnyTable;

  constructor(scope: RowAccess, table: AnyTable) {
    this.scope = scope;
    this.table = table;
  }

  get(key: unknown): Promise<unknown> {
    return this.scope.getRow(this.table, key);
  }

  query(query: AnyQuery): Promise<readonly unknown[]> {
    return this.scope.queryRows(this.table, query);
  }

  // The type of a read-only table has neither: these answer code whose types were cast away.
  put(_row: unknown): void {
    this.scope.refuse("writes", this.table);
  }

  delete(_key: unknown): void {
    this.scope.refuse("writes", this.table);
  }
}

class WritableTableAccess extends TableAccess implements WritableTable<AnyTable> {
  override put(row: unknown): void {
    this.scope.putRow(this.table, row);
  }

  override delete(key: unknown): void {
    this.scope.deleteRow(this.table, key);
  }
}

/** Prototypes of `ctx.tables`, made once for each batch. */
const prototypes = new WeakMap<TableOwner, object>();

export function tablesOf(scope: RowAccess, shared: TableOwner): Context["tables"] {
  const { grants, owner } = shared;
  let prototype = prototypes.get(shared);
  if (prototype === undefined) {
    prototype = undeclaredTables(owner);
    prototypes.set(shared, prototype);
  }
  const tables = Object.create(prototype) as Record<string, TableAccess>;
  for (const table of grants.reads) tables[table.name] = new TableAccess(scope, table);
  for (const table of grants.writes) tables[table.name] = new WritableTableAccess(scope, table);
  return tables;
}

/** Prototype of `ctx.tables`: reached only by a name that is not declared. */
function undeclaredTables(owner: string): object {
  return new Proxy(Object.create(null) as object, {
    get(_target, name) {
      if (typeof name === "symbol" || name === "then" || name === "toJSON" || name === "constructor") return undefined;
      throw undeclared(owner, "reads", "table", { name });
    },
  });
}

export function undeclared(owner: string, grant: string, kind: string, thing: { readonly name?: unknown } | undefined): PulseQueueError {
  return new PulseQueueError("ACCESS_UNDECLARED", `${owner} does not declare the ${kind} ${String(thing?.name)} in \`${grant}\``);
}
