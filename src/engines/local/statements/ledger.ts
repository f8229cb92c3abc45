import type { Database } from "better-sqlite3";
import type { LedgerRow } from "../../../core/ledger-chain.ts";

/** What rows must have, by column; `undefined` for anything. */
export interface LedgerWhere {
  readonly by: string | undefined;
  readonly action: string | undefined;
  readonly subject: string | undefined;
  readonly result: string | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly after: number | undefined;
  readonly before: number | undefined;
}

/** Statements on `ledger`. Rows are checked by whoever reads them: the hash is part of the chain. */
export interface LedgerStatements {
  insert(row: LedgerRow): void;
  /** Oldest first where `after` is given, else newest first. */
  find(where: LedgerWhere, limit: number): readonly LedgerRow[];
  bySequence(seq: number): LedgerRow | undefined;
  walk(): IterableIterator<LedgerRow>;
}

const columns = "seq, time, by, action, subject, reason, result, detail, previous, hash";

export function ledgerStatements(db: Database): LedgerStatements {
  const insert = db.prepare(`INSERT INTO ledger (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const matches = `FROM ledger WHERE (@by IS NULL OR by = @by) AND (@action IS NULL OR action = @action) AND (@subject IS NULL OR subject = @subject)
    AND (@result IS NULL OR result = @result) AND time >= coalesce(@from, time) AND (@to IS NULL OR time < @to) AND seq > @after AND seq < @before`;
  const oldest = db.prepare(`SELECT ${columns} ${matches} ORDER BY seq LIMIT @limit`).raw();
  const newest = db.prepare(`SELECT ${columns} ${matches} ORDER BY seq DESC LIMIT @limit`).raw();
  const bySequence = db.prepare(`SELECT ${columns} FROM ledger WHERE seq = ?`).raw();
  const walk = db.prepare(`SELECT ${columns} FROM ledger ORDER BY seq`).raw();
  return {
    insert: (row) => void insert.run(...row),
    find({ by = null, action = null, subject = null, result = null, from = null, to = null, after, before = Number.MAX_SAFE_INTEGER }, limit) {
      const values = { by, action, subject, result, from, to, after: after ?? 0, before, limit };
      return (after === undefined ? newest : oldest).all(values) as unknown as LedgerRow[];
    },
    bySequence: (seq) => bySequence.get(seq) as LedgerRow | undefined,
    walk: () => walk.iterate() as IterableIterator<LedgerRow>,
  };
}
