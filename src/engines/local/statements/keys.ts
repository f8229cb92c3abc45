import type { Database } from "better-sqlite3";
import { checksum, checkSum } from "../checksum.ts";

/** A row of `api_keys`. */
export type KeyRow = readonly [
  id: string,
  name: string,
  scope: string,
  tenant: string | null,
  created: number,
  expires: number | null,
  revoked: number | null,
  secrets: string,
];

/** Statements on `api_keys` and `nonces`. What is read is checked: it throws `STORE_CORRUPT`. */
export interface KeyStatements {
  /** Every key, the newest first. */
  all(): readonly KeyRow[];
  /** Creates the key or replaces it. */
  put(row: KeyRow): void;
  /** Whether the nonce was not there; then it is now. */
  spend(nonce: string, until: number): boolean;
  /** Removes nonces that nobody can use any more. */
  forget(now: number): void;
}

export function keyStatements(db: Database): KeyStatements {
  const columns = "id, name, scope, tenant, created, expires, revoked, secrets, sum";
  const all = db.prepare(`SELECT ${columns} FROM api_keys ORDER BY created DESC, id DESC`).raw();
  const put = db.prepare(`INSERT OR REPLACE INTO api_keys (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const spend = db.prepare("INSERT INTO nonces (nonce, until, sum) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
  const forget = db.prepare("DELETE FROM nonces WHERE until < ?");
  return {
    all: () =>
      (all.all() as unknown as (readonly [...KeyRow, sum: number])[]).map(([id, name, scope, tenant, created, expires, revoked, secrets, sum]) => {
        checkSum("api_keys", sum, id, name, scope, tenant, created, expires, revoked, secrets);
        return [id, name, scope, tenant, created, expires, revoked, secrets];
      }),
    put: (row) => void put.run(...row, checksum(...row)),
    spend: (nonce, until) => spend.run(nonce, until, checksum(nonce, until)).changes === 1,
    forget: (now) => void forget.run(now),
  };
}
