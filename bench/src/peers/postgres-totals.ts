/** The table that the PostgreSQL peers keep work B's rows in. */
import pg from "pg";
import type { Total } from "../job.ts";

export interface TotalsTable {
  /** Its name in SQL. */
  readonly name: string;
  all(): Promise<readonly Total[]>;
}

/** Creates an empty table of its own for this session. */
export async function totalsTable(client: pg.Client, session: string): Promise<TotalsTable> {
  const name = `${session}_totals`;
  await client.query(`create table ${name} (customer_id text primary key, count integer not null, amount double precision not null)`);
  return {
    name,
    async all() {
      const { rows } = await client.query<Total>(`select customer_id as "customerId", count, amount from ${name}`);
      return rows;
    },
  };
}

/** A connected client for what the peer itself does not do. */
export async function connect(address: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  return client;
}

/** The single number that a query answers with. */
export async function numberFrom(client: pg.Client, sql: string, values: readonly unknown[] = []): Promise<number> {
  const { rows } = await client.query<{ readonly number: string }>(sql, [...values]);
  return Number(rows[0]?.number);
}
