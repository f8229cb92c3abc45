/** How the rows of a table are looked at from outside. */
import type { AnyTable, Row, RowKey } from "./table.ts";

export interface RowPageOptions {
  /** Where the page before ended: its `next`. @default from the first row on */
  readonly after?: string;
  /** @default 100, at most 1,000 */
  readonly limit?: number;
}

/** Some rows, ordered by key. */
export interface RowPage<T extends AnyTable> {
  readonly rows: readonly Row<T>[];
  /** Where the next page begins; `undefined` after the last row. */
  readonly next: string | undefined;
}

export interface TableInspector<T extends AnyTable> {
  get(key: RowKey<T>): Promise<Row<T> | undefined>;
  /** A page of rows; no more of the table is read. Throws `OPERATION_INVALID`. */
  rows(options?: RowPageOptions): Promise<RowPage<T>>;
  /** Every row, ordered by key, in memory. */
  all(): Promise<readonly Row<T>[]>;
}
