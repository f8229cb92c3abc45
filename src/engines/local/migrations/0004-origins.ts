/** Frozen: a released migration is never edited. */
export const origins = `
-- Who published an event is asked for by principal alone: one tree in that order takes each new row once, a table with an index takes it twice.
DROP INDEX origins_by_principal;
ALTER TABLE origins RENAME TO origins_before;
CREATE TABLE origins (seq INTEGER NOT NULL, principal TEXT NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (principal, seq)) STRICT, WITHOUT ROWID;
INSERT INTO origins (seq, principal, sum) SELECT seq, principal, sum FROM origins_before;
DROP TABLE origins_before;
`;
