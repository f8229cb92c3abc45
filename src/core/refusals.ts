/**
 * Keeps refusals from filling the ledger: whoever is refused a thousand times a second writes no more than who is refused
 * twice. Time is cut into minutes, which begin with a refusal. Of those with the same `by`, `action` and `subject` the first is
 * recorded at once; the others are counted, and recorded as one entry when the minute is over. After `most` different ones in
 * a minute all others are counted by their action alone. So a minute costs at most 2 × 20 entries and one for each action.
 */
import type { NewLedgerEntry } from "./ledger.ts";
import type { Clock } from "./ports.ts";

/** Different refusals that are told apart in a minute. */
const most = 20;
const minute = 60_000;

export interface Refusals {
  /** Resolves when the refusal is recorded, or counted. */
  append(entry: NewLedgerEntry): Promise<void>;
  /** Records what is counted, and begins a new minute. */
  flush(): Promise<void>;
}

interface Counted {
  readonly entry: NewLedgerEntry;
  count: number;
}

export function createRefusals(clock: Pick<Clock, "timer">, write: (entries: readonly NewLedgerEntry[]) => Promise<void>): Refusals {
  const groups = new Map<string, Counted>();
  const others = new Map<string, Counted>();
  let cancel: (() => void) | undefined;

  const flush = async (): Promise<void> => {
    cancel?.();
    cancel = undefined;
    const waiting = [...groups.values(), ...others.values()].filter(({ count }) => count > 0);
    groups.clear();
    others.clear();
    if (waiting.length > 0) await write(waiting.map(({ entry, count }) => ({ ...entry, detail: { count } })));
  };

  return {
    flush,
    async append(entry) {
      // The queue that fails or closes meanwhile writes no more: the counts of this minute are lost with it.
      cancel ??= clock.timer(minute, () => void flush().catch(() => undefined));
      const name = JSON.stringify([entry.by, entry.action, entry.subject]);
      const known = groups.get(name);
      if (known !== undefined) {
        known.count += 1;
      } else if (groups.size < most) {
        groups.set(name, { entry, count: 0 });
        await write([{ ...entry, detail: { count: 1 } }]);
      } else {
        const other = others.get(entry.action) ?? { entry: { ...entry, by: "several", subject: "several" }, count: 0 };
        other.count += 1;
        others.set(entry.action, other);
      }
    },
  };
}
