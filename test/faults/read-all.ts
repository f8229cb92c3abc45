/** Everything that a file holds, twice: as the engine's users are served it, and as SQLite reads it. */
import { createHash } from "node:crypto";
import Database from "better-sqlite3";
import type { EventView } from "pulsequeue";
import type { LocalQueue } from "pulsequeue/local";
import { virtualClock } from "../../src/testing/clock.ts";
import { follows, items, put, totals } from "./app.ts";
import { requestKeys, requestOf } from "./requests.ts";

/** A clock at the time at which `buildFile` stops, or after it: what is served does not depend on when it is read. */
export const readingClock = (): ReturnType<typeof virtualClock> => virtualClock({ now: Date.UTC(2026, 0, 2) });

/** What the engine answers to every question, as text. Rejects where it finds damage. */
export async function readServed(queue: LocalQueue): Promise<string> {
  const { inspect } = queue;
  const events: EventView[] = [];
  for (let after = 0; ;) {
    const page = await inspect.events({ after, limit: 1_000 });
    events.push(...page);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.sequence;
  }
  const rows = await Promise.all([items, totals, follows].map((table) => inspect.table(table).all()));
  const byIndex = await Promise.all(events.slice(0, 20).map((event) => inspect.trace(event.id)));
  const answers = [];
  for (const key of requestKeys) answers.push(await queue.invoke(put, requestOf(key)));
  const views = [
    await inspect.deliveries({ limit: 1_000 }),
    await inspect.deadLetters({ limit: 1_000 }),
    await inspect.handlers(),
    await queue.ledger.entries({ limit: 1_000 }),
  ];
  return JSON.stringify([events, rows, byIndex, answers, views]);
}

const bookkeeping: ReadonlySet<string> = new Set(["epoch", "open", "seal"]);

/** A hash of every table's rows as SQLite reads them; `undefined` where it cannot. What each opening writes itself is left out. */
export function hashOfTables(file: string): string | undefined {
  try {
    const db = new Database(file, { readonly: true, fileMustExist: true });
    try {
      const hash = createHash("sha256");
      const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all() as string[];
      for (const table of tables) {
        hash.update(`\n${table}\n`);
        for (const row of db.prepare(`SELECT * FROM ${table}`).raw().iterate() as IterableIterator<readonly unknown[]>) {
          if (table !== "meta" || !bookkeeping.has(String(row[0]))) hash.update(JSON.stringify(row));
        }
      }
      return hash.digest("hex");
    } finally {
      db.close();
    }
  } catch {
    return undefined;
  }
}
