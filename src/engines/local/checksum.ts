/**
 * Checksums of rows. SQLite's pages carry none: a flipped bit in a file is otherwise served as data. Events and
 * entries of the audit ledger have a hash of their own, since they form chains; every other row has a CRC-32, which finds every
 * single flipped bit of its values and costs less than reading the row. It is no defence against somebody who writes into the file on purpose.
 */
import { crc32 } from "node:zlib";
import type { Database } from "better-sqlite3";
import { PulseQueueError } from "../../core/errors.ts";

export type StoredValue = string | number | null;

/** The columns that `sum` covers, by table, in this order. Ids that nothing refers to, and ids given by SQLite, are not among them. */
export const summed = {
  meta: ["key", "value"],
  names: ["id", "kind", "name"],
  handlers: ["id", "name", "cursor", "paused"],
  subscriptions: ["handler", "type", "since"],
  deliveries: ["handler", "seq", "run", "state", "attempts", "due", "lane", "failure", "redrives"],
  receipts: ["handler", "last", "time", "body"],
  steps: ["handler", "seq", "run", "name", "result"],
  records: ["tbl", "key", "version", "indexes", "body"],
  answers: ["request", "fingerprint", "answer", "time"],
  schedules: ["name", "last"],
  api_keys: ["id", "name", "scope", "tenant", "created", "expires", "revoked", "secrets"],
  nonces: ["nonce", "until"],
  origins: ["seq", "last", "principal"],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type SummedTable = keyof typeof summed;

/** The checksum of values in their order; their lengths are part of it, so that no two lists give one text. */
export function checksum(...values: readonly StoredValue[]): number {
  let text = "";
  for (const value of values) text += typeof value === "string" ? `${String(value.length)}:${value}` : `${String(value)};`;
  return crc32(text);
}

/** Throws `STORE_CORRUPT` unless `sum` is the checksum of the values. */
export function checkSum(table: SummedTable, sum: number, ...values: readonly StoredValue[]): void {
  if (checksum(...values) !== sum) throw new PulseQueueError("STORE_CORRUPT", `A row of ${table} does not match its checksum`);
}

/** Gives statements the function `row_sum(…)`: for updates that do not know every value of the row. */
export function addChecksum(db: Database): void {
  db.function("row_sum", { deterministic: true, directOnly: true, varargs: true }, (...values: unknown[]) => checksum(...(values as StoredValue[])));
}
