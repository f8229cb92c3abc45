import type { EventView } from "../../core/queue.ts";
import type { Journal } from "./journal.ts";
import type { Statements } from "./statements/index.ts";
import { eventView } from "./views.ts";

const page = 1_000;

/** Every event that this principal published, oldest first. */
export function publishedBy(statements: Statements, journal: Journal, principal: string): readonly EventView[] {
  const found: EventView[] = [];
  for (let after = 0; ;) {
    const runs = statements.origins.of(principal, after, page);
    for (const { first, last } of runs) {
      for (let position = first; position <= last; position += 1) {
        const row = statements.journal.bySequence(position); // none where retention has removed it
        if (row !== undefined) found.push(eventView(journal, row));
      }
    }
    after = runs.at(-1)?.first ?? after;
    if (runs.length < page) return found;
  }
}
