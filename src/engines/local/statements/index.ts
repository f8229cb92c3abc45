import type { Database } from "better-sqlite3";
import { addChecksum } from "../checksum.ts";
import { deliveryStatements, type DeliveryStatements } from "./deliveries.ts";
import { handlerStatements, type HandlerStatements } from "./handlers.ts";
import { inspectStatements, type InspectStatements } from "./inspect.ts";
import { keyStatements, type KeyStatements } from "./keys.ts";
import { ledgerStatements, type LedgerStatements } from "./ledger.ts";
import { journalStatements, type JournalStatements } from "./journal.ts";
import { metaStatements, type MetaStatements } from "./meta.ts";
import { originStatements, type OriginStatements } from "./origins.ts";
import { replayStatements, type ReplayStatements } from "./replay.ts";
import { recordStatements, type RecordStatements } from "./records.ts";
import { sealingStatements, type SealingStatements } from "./sealing.ts";

/** Every prepared statement of the engine, by the table it works on. */
export interface Statements {
  readonly meta: MetaStatements;
  readonly journal: JournalStatements;
  readonly deliveries: DeliveryStatements;
  readonly handlers: HandlerStatements;
  readonly records: RecordStatements;
  readonly inspect: InspectStatements;
  readonly replay: ReplayStatements;
  readonly ledger: LedgerStatements;
  readonly keys: KeyStatements;
  readonly origins: OriginStatements;
  readonly sealing: SealingStatements;
}

export function prepareStatements(db: Database): Statements {
  addChecksum(db);
  const meta = metaStatements(db);
  return {
    meta,
    journal: journalStatements(db),
    deliveries: deliveryStatements(db),
    handlers: handlerStatements(db),
    records: recordStatements(db),
    inspect: inspectStatements(db),
    replay: replayStatements(db, meta),
    ledger: ledgerStatements(db),
    keys: keyStatements(db),
    origins: originStatements(db),
    sealing: sealingStatements(db),
  };
}
