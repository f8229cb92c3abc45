/** The audit ledger on SQLite. Its head is sealed in `meta` with every entry, so that entries that were cut off are missed. */
import type { Ledger, LedgerHead, LedgerReport, NewLedgerEntry } from "../../core/ledger.ts";
import { chained, checkChain, complete, emptySeal, readEntry, type LedgerSeal } from "../../core/ledger-chain.ts";
import type { System } from "../../core/ports.ts";
import { createRefusals } from "../../core/refusals.ts";
import { checkedLimit } from "../../core/views.ts";
import type { Committer } from "./committer.ts";
import { parseLink } from "./journal.ts";
import type { Statements } from "./statements/index.ts";

export interface LocalLedger extends Ledger {
  /** Records inside the transaction of the caller. Call it before the caller's own writes: what it throws then refuses them all. */
  record(entry: NewLedgerEntry): void;
  /** Writes the refusals that are counted and not yet recorded. */
  flush(): Promise<void>;
}

export interface LedgerOptions {
  readonly app: string;
  readonly system: System;
  readonly statements: Statements;
  readonly committer: Committer;
}

export function createLedger({ app, system, statements, committer }: LedgerOptions): LocalLedger {
  const record = (entry: NewLedgerEntry): void => {
    // Chained to the seal, not to the last row: where rows were cut off, the gap stays.
    const row = chained(system.hash, sealOf(statements), system.clock.now(), entry);
    statements.ledger.insert(row);
    statements.meta.set("ledger", `${String(row[0])} ${row[9]}`);
  };
  const write = (entries: readonly NewLedgerEntry[]): Promise<void> =>
    committer.submit({
      kind: "operate",
      bytes: 0,
      apply() {
        for (const entry of entries) record(entry);
      },
    });
  const refusals = createRefusals(system.clock, write);
  const head = (): LedgerHead => {
    const { seq: sequence, hash } = sealOf(statements);
    return { app, sequence, hash };
  };

  return {
    record,
    append: (entry) => (entry.result === "denied" ? refusals.append(complete(entry)) : write([entry])),
    flush: () => refusals.flush(),
    async entries({ by, action, subject, result, from, to, after, before, limit } = {}) {
      const rows = statements.ledger.find({ by, action, subject, result, from, to, after, before }, checkedLimit(limit));
      return rows.map((row) => readEntry(row, system.hash));
    },
    head: async () => head(),
    verify: async (given) => checkLedger(statements, system.hash, app, given),
  };
}

/** The chain of the ledger in `statements`, whoever has the file open. `given`: a head that it must still hold. */
export function checkLedger(statements: Statements, hash: System["hash"], app: string, given?: LedgerHead): LedgerReport {
  const check = checkChain(hash, app, sealOf(statements), given);
  for (const row of statements.ledger.walk()) check.next(row);
  return check.report();
}

function sealOf({ meta }: Statements): LedgerSeal {
  const seal = meta.get("ledger");
  return seal === undefined ? emptySeal : parseLink(String(seal));
}
