/** What a principal sees of the queue: its tenant's part, personal data redacted. */
import type { App } from "../../core/app.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { redact, redacted } from "../../core/personal-data.ts";
import type { Principal } from "../../core/principal.ts";
import type { DeadLetterView, EventChoice, EventView, TraceNode } from "../../core/queue.ts";
import { forbidden } from "../access.ts";

export interface View {
  /** Whether the principal may know that this event is there. */
  readonly sees: (event: EventView, principal: Principal) => boolean;
  readonly event: (event: EventView) => EventView;
  readonly letter: (letter: DeadLetterView) => DeadLetterView;
  readonly trace: (node: TraceNode) => TraceNode;
  readonly row: (table: string, row: Json) => Json;
}

export function createView(app: App): View {
  const { events, tables } = app.topology;
  const event = (shown: EventView): EventView => {
    const declared = events.get(shown.type);
    return { ...shown, data: declared === undefined ? redacted : redact(shown.data, declared.pii) };
  };
  const trace = (node: TraceNode): TraceNode => ({
    event: event(node.event),
    deliveries: node.deliveries.map((delivery) => ({ ...delivery, emitted: delivery.emitted.map(trace) })),
  });
  return {
    sees: (shown, principal) => principal.tenant === undefined || shown.tenant === principal.tenant,
    event,
    trace,
    letter: (letter) => ({ ...letter, event: event(letter.event) }),
    row: (table, row) => redact(row, tables.get(table)?.pii ?? []),
  };
}

/** What belongs to the whole application is not for a tenant's principal. Throws `FORBIDDEN`. */
export function checkWhole(principal: Principal): void {
  if (principal.tenant !== undefined) throw forbidden();
}

/** What is not there, and what is somebody else's: one answer. */
export function notFound(what: string): PulseQueueError {
  return new PulseQueueError("NOT_FOUND", `There is no such ${what}`);
}

/** Narrows a filter to the principal's tenant. */
export function tenantOf({ tenant }: Principal): { readonly tenant?: string } {
  return tenant === undefined ? {} : { tenant };
}

/** What chooses among events that have one id: their source, and the tenant for who sees several. Throws `FORBIDDEN` for another tenant than one's own. */
export function choiceOf(principal: Principal, { source, tenant }: Readonly<Partial<Record<"source" | "tenant", string>>>): EventChoice {
  if (principal.tenant !== undefined && (tenant ?? principal.tenant) !== principal.tenant) throw forbidden();
  return { ...(source === undefined ? {} : { source }), ...(tenant === undefined ? {} : { tenant }), ...tenantOf(principal) };
}

/** A delivery's id as one segment of a path: `take/7/0` is `take~7~0`, since an encoded slash is refused. Handlers' names hold no `~`. */
export function deliveryIdOf(segment: string): string {
  return segment.replaceAll("~", "/");
}
