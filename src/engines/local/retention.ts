/** Removes what nobody needs any more, a little at a time. */
import type { Database } from "better-sqlite3";
import type { Committer } from "./committer.ts";
import type { MetaStatements } from "./statements/meta.ts";

export interface RetentionOptions {
  readonly db: Database;
  readonly meta: MetaStatements;
  readonly committer: Committer;
  /** Positions up to which every handler of the app is done, but for its rows. */
  readonly doneUpTo: () => number;
}

/** Answers to idempotent requests are kept for a day, as payment providers do (https://docs.stripe.com/api/idempotent_requests). */
export const answerRetention = 24 * 60 * 60_000;
/** Rows removed in one transaction. */
const chunk = 2_000;

/**
 * Removes events accepted before `cutoff` that no handler needs, what is known about their handling, and answers older than a
 * day. Events with an open or dead delivery stay. Answers how many events it removed.
 */
export function createRetention({ db, meta, committer, doneUpTo }: RetentionOptions): (cutoff: number, now: number) => Promise<number> {
  const lastBefore = db.prepare("SELECT max(seq) FROM (SELECT seq, time FROM events WHERE seq > ? ORDER BY seq LIMIT ?) WHERE time < ? AND seq <= ?").pluck();
  const hashAt = db.prepare("SELECT hash FROM events WHERE seq = ?").pluck();
  const removeEvents = db.prepare("DELETE FROM events WHERE seq > ? AND seq <= ? AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = events.seq)");
  const removeKept = db.prepare("DELETE FROM events WHERE seq <= ? AND time < ? AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = events.seq)");
  const removeReceipts = db.prepare("DELETE FROM receipts WHERE id IN (SELECT id FROM receipts WHERE time < ? ORDER BY id LIMIT ?)");
  const removeSteps = db.prepare(
    "DELETE FROM steps WHERE seq <= ? AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.handler = steps.handler AND d.seq = steps.seq)",
  );
  // Principal by principal, so that each is sought by its oldest events and no later row is read.
  const removeOrigins = db.prepare(
    `WITH RECURSIVE known (principal) AS (
       SELECT min(principal) FROM origins
       UNION ALL SELECT (SELECT min(o.principal) FROM origins o WHERE o.principal > known.principal) FROM known WHERE known.principal IS NOT NULL
     )
     DELETE FROM origins WHERE principal IN (SELECT principal FROM known) AND seq <= @to AND last <= @to
       AND NOT EXISTS (SELECT 1 FROM events e WHERE e.seq BETWEEN origins.seq AND origins.last)`,
  );
  const removeAnswers = db.prepare("DELETE FROM answers WHERE time < ?");

  const anchorSequence = (): number => Number(String(meta.get("anchor") ?? "0").split(" ")[0]);
  const removeChunk = (cutoff: number): { readonly removed: number; readonly more: boolean } => {
    const from = anchorSequence();
    const to = lastBefore.get(from, chunk, cutoff, doneUpTo()) as number | null;
    removeReceipts.run(cutoff, chunk);
    if (to === null) return { removed: 0, more: false };
    const hash = String(hashAt.get(to));
    const removed = removeEvents.run(from, to).changes;
    meta.set("anchor", `${String(to)} ${hash}`);
    removeSteps.run(to);
    removeOrigins.run({ to });
    return { removed, more: true };
  };

  return async (cutoff, now) => {
    let removed = await committer.submit({
      kind: "operate",
      bytes: 0,
      apply: () => {
        removeAnswers.run(now - answerRetention);
        return removeKept.run(anchorSequence(), cutoff).changes;
      },
    });
    for (let more = true; more;) {
      const step = await committer.submit({ kind: "operate", bytes: 0, apply: () => removeChunk(cutoff) });
      removed += step.removed;
      more = step.more;
    }
    return removed;
  };
}
