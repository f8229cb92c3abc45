/** How far an incident reached, and what stops it: of the whole application, so not for a tenant's principal. */
import type { Json } from "../../core/json.ts";
import type { IncidentFilter, Queue } from "../../core/queue.ts";
import type { Route } from "../call.ts";
import { json } from "../respond.ts";
import { actRoute, listOf, readAct, textsOf, timeOf } from "./act.ts";
import { checkWhole } from "./view.ts";

const list: Json = { type: "array", items: { type: "string", maxLength: 256 } };

export function incidentRoutes({ inspect, operate }: Pick<Queue, "inspect" | "operate">): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/v1/incidents/scope",
      access: { kind: "roles", roles: ["operator", "auditor"] },
      summary: "Lists the events, rows, handlers, keys, tenants, persons and records that an incident reached, from a principal, an event or a time on.",
      query: ["principal", "event", "since"],
      async handle({ principal, query }) {
        checkWhole(principal);
        const { since } = query;
        const filter: IncidentFilter = { ...textsOf(query, ["principal", "event"]), ...(since === undefined ? {} : { since: timeOf("since", since) }) };
        return json(200, await inspect.incident(filter));
      },
    },
    actRoute(
      "/v1/incidents/contain",
      "Pauses handlers and revokes API keys in one commit, all of it or nothing.",
      { handlers: list, keys: list },
      async (call) => {
        checkWhole(call.principal);
        const { options, fields } = await readAct(call, ["handlers", "keys"]);
        const { handlers = [], keys = [] } = fields;
        return json(200, await operate.contain({ handlers: listOf("handlers", handlers), keys: listOf("keys", keys) }, options));
      },
    ),
  ];
}
