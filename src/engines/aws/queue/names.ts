import { PulseQueueError } from "../../../core/errors.ts";
import type { HandlerDefinition } from "../../../core/handler.ts";
import type { Topology } from "../../../core/topology.ts";

/** Throws `HANDLER_UNKNOWN`. */
export function handlerNamed(topology: Topology, name: string): HandlerDefinition {
  const handler = topology.handlers.get(name);
  if (handler === undefined) throw new PulseQueueError("HANDLER_UNKNOWN", `There is no handler ${name}`);
  return handler;
}

/** Throws `EVENT_UNKNOWN`. */
export function checkEventType(topology: Topology, name: string | undefined): void {
  if (name !== undefined && !topology.events.has(name)) throw new PulseQueueError("EVENT_UNKNOWN", `There is no event ${name}`);
}
