import type { Clock, Observer } from "../core/ports.ts";
import type { Principal } from "../core/principal.ts";
import type { Route } from "./call.ts";
import { endpointRoutes } from "./endpoint-routes.ts";
import { ingestRoutes } from "./ingest/routes.ts";
import { incidentRoutes } from "./operations/incident-routes.ts";
import { inspectRoutes } from "./operations/inspect-routes.ts";
import { keyRoutes } from "./operations/key-routes.ts";
import { ledgerRoutes } from "./operations/ledger-routes.ts";
import { operateRoutes } from "./operations/operate-routes.ts";
import { personalDataRoutes } from "./operations/personal-data-routes.ts";
import { createView } from "./operations/view.ts";
import type { HttpAppOptions, HttpLimits } from "./options.ts";
import type { Refusals } from "./refusals.ts";
import { serviceRoutes } from "./service-routes.ts";
import type { Streams } from "./streams.ts";

export interface RouteOptions extends Omit<HttpAppOptions, "limits" | "observe" | "clock"> {
  readonly clock: Clock;
  readonly limits: HttpLimits;
  readonly observe: Observer;
  readonly refusals: Refusals;
  readonly streams: Streams;
  readonly spend: (principal: Principal, cost: number) => void;
}

/** Every route of the door. */
export function createRoutes(options: RouteOptions): readonly Route[] {
  const { queue, backup } = options;
  const view = createView(options.app);
  const routes = [
    ...ingestRoutes(options),
    ...endpointRoutes(options),
    ...inspectRoutes({ ...options, view }),
    ...operateRoutes({ queue, backup }),
    ...personalDataRoutes({ app: options.app, queue, view, erase: options.erase }),
    ...keyRoutes(queue.keys),
    ...incidentRoutes(queue),
    ...ledgerRoutes(queue.ledger),
  ];
  return [...routes, ...serviceRoutes(options, routes)];
}
