import type { EventView } from "../../core/queue.ts";
import type { Journal } from "./journal.ts";
import type { Statements } from "./statements/index.ts";
import { eventView } from "./views.ts";

const page = 1_000;

/** Every event that this principal published, oldest first. */
export function publishedBy(statements: Statements, journal: Journal, principal: string): readonly EventView[] {
  const found: EventView[] = [];
  for (let after = 0; ;) {
    const positions = statements.origins.of(principal, after, page);
    for (const position of positions) {
      const row = statements.journal.bySequence(position);
      if (row !== undefined) found.push(eventView(journal, row));
    }
    after = positions.at(-1) ?? after;
    if (positions.length < page) return found;
  }
}
