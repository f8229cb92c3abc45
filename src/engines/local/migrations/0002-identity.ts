import type { Database } from "better-sqlite3";
import { ledgerGenesis, ledgerText, type LedgerAction } from "../../../core/ledger.ts";
import { checksum } from "../checksum.ts";
import { sha256 } from "../../../machine/hash.ts";

/** Frozen: a released migration is never edited. */
const tables = `
-- The audit ledger. Append-only: hash covers the content and the hash before it; detail is the JSON text of [[name, count], …].
-- meta has the last position and its hash under ledger.
CREATE TABLE ledger (
  seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, by TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL,
  result TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;

-- API keys. secrets is the JSON text of [[number, SHA-256 in hexadecimal, accepted until], …].
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, scope TEXT NOT NULL, tenant TEXT, created INTEGER NOT NULL, expires INTEGER, revoked INTEGER,
  secrets TEXT NOT NULL, sum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What may be used once, for as long as it could be used again: signed requests that were received.
CREATE TABLE nonces (nonce TEXT PRIMARY KEY, until INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX nonces_by_until ON nonces (until);

-- Who published an event, where somebody was authenticated.
CREATE TABLE origins (seq INTEGER PRIMARY KEY, principal TEXT NOT NULL, sum INTEGER NOT NULL) STRICT;
CREATE INDEX origins_by_principal ON origins (principal, seq);
`;

/** The ledger takes the place of the table of operations, and what was recorded there. */
export function identity(db: Database): void {
  db.exec(tables);
  const operations = db.prepare("SELECT time, by, action, subject, reason, count FROM operations ORDER BY id").raw().all();
  const insert = db.prepare(
    "INSERT INTO ledger (seq, time, by, action, subject, reason, result, detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  let [sequence, previous] = [0, ledgerGenesis];
  for (const [time, by, action, subject, reason, count] of operations as [number, string, LedgerAction, string, string, number][]) {
    sequence += 1;
    const hash = sha256(ledgerText(previous, sequence, time, { by, action, subject, reason, result: "ok", detail: { count } }));
    insert.run(sequence, time, by, action, subject, reason, "ok", JSON.stringify([["count", count]]), previous, hash);
    previous = hash;
  }
  if (sequence > 0) {
    const head = `${String(sequence)} ${previous}`;
    db.prepare("INSERT INTO meta (key, value, sum) VALUES (?, ?, ?)").run("ledger", head, checksum("ledger", head));
  }
  db.exec("DROP TABLE operations");
}
