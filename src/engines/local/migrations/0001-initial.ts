/** Frozen: a released migration is never edited. */
export const initial = `
-- Each sum is the checksum of its row: checksum.ts.

-- One value per key: the app's name, the epoch (how often the file was opened), whether the last stop was clean, the chain's anchor and seal.
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Event types, sources and tables by number, to keep rows short.
CREATE TABLE names (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, sum INTEGER NOT NULL, UNIQUE (kind, name)) STRICT;

-- The journal. Append-only: hash covers the content and the hash before it.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  type INTEGER NOT NULL,
  source INTEGER NOT NULL,
  id TEXT NOT NULL,
  time INTEGER NOT NULL,
  key TEXT,
  tenant TEXT,
  version INTEGER NOT NULL,
  correlation TEXT,
  causation TEXT,
  hops INTEGER NOT NULL,
  traceparent TEXT,
  due INTEGER,
  data TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_identity ON events (id, source);
-- What a handler's cursor walks along; an event with a due time has delivery rows instead.
CREATE INDEX events_by_type ON events (type) WHERE due IS NULL;
CREATE INDEX events_by_tenant ON events (tenant) WHERE tenant IS NOT NULL;
CREATE INDEX events_by_correlation ON events (correlation) WHERE correlation IS NOT NULL;

-- A handler is done with every event of its types up to cursor, except those that have a row in deliveries.
CREATE TABLE handlers (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, cursor INTEGER NOT NULL, paused TEXT, sum INTEGER NOT NULL) STRICT;
-- A handler takes events of a type that come after since.
CREATE TABLE subscriptions (handler INTEGER NOT NULL, type INTEGER NOT NULL, since INTEGER NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (handler, type)) STRICT, WITHOUT ROWID;

-- Deliveries that the cursor cannot express. Finished ones have no row. States: statements/deliveries.ts.
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  handler INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  run INTEGER NOT NULL,
  state INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  due INTEGER NOT NULL,
  lane TEXT,
  failure TEXT,
  redrives INTEGER NOT NULL,
  sum INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX deliveries_identity ON deliveries (handler, seq, run);
CREATE INDEX deliveries_due ON deliveries (handler, due, seq) WHERE state IN (1, 2, 4, 7);
CREATE INDEX deliveries_lane ON deliveries (handler, lane, seq) WHERE lane IS NOT NULL;
CREATE INDEX deliveries_state ON deliveries (state, handler, seq) WHERE state IN (3, 5, 6);
CREATE INDEX deliveries_event ON deliveries (seq);

-- What a commit finished: for the trace.
CREATE TABLE receipts (id INTEGER PRIMARY KEY, handler INTEGER NOT NULL, last INTEGER NOT NULL, time INTEGER NOT NULL, body TEXT NOT NULL, sum INTEGER NOT NULL) STRICT;
CREATE INDEX receipts_by_last ON receipts (handler, last);

-- Results of steps that deliveries not yet done have finished.
CREATE TABLE steps (
  handler INTEGER NOT NULL, seq INTEGER NOT NULL, run INTEGER NOT NULL, name TEXT NOT NULL, result TEXT NOT NULL, sum INTEGER NOT NULL,
  PRIMARY KEY (handler, seq, run, name)
) STRICT, WITHOUT ROWID;

-- Rows of the declared tables; indexes is the JSON text of [[index, fields], …] for tables that have indexes.
CREATE TABLE records (
  tbl INTEGER NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, indexes TEXT, body TEXT NOT NULL, sum INTEGER NOT NULL,
  PRIMARY KEY (tbl, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE record_index (tbl INTEGER NOT NULL, name TEXT NOT NULL, fields TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (tbl, name, fields, key)) STRICT, WITHOUT ROWID;

-- Answers to requests with an idempotency key.
CREATE TABLE answers (request TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, answer TEXT NOT NULL, time INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_time ON answers (time);

-- The last tick of each schedule that became an event.
CREATE TABLE schedules (name TEXT PRIMARY KEY, last INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- What operators did, and why.
CREATE TABLE operations (
  id INTEGER PRIMARY KEY, time INTEGER NOT NULL, by TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL,
  sum INTEGER NOT NULL
) STRICT;
`;
