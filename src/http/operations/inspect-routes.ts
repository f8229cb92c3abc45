/** What is read: events, flows, deliveries, dead letters, handlers, tables, schedules. */
import type { App } from "../../core/app.ts";
import type { DeliveryState } from "../../core/delivery.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import type { Clock } from "../../core/ports.ts";
import { nextTick } from "../../core/schedule.ts";
import type { EventFilter, Queue, TraceNode } from "../../core/queue.ts";
import type { Access, Call, Route } from "../call.ts";
import { json } from "../respond.ts";
import type { Streams } from "../streams.ts";
import { cursorOf, limitOf, placeOf, textsOf, timeOf } from "./act.ts";
import { checkWhole, deliveryIdOf, findEvent, notFound, tenantOf, type View } from "./view.ts";

export interface InspectRouteOptions {
  readonly app: App;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly view: View;
  readonly streams: Streams;
}

const viewer: Access = { kind: "roles", roles: ["viewer", "operator"] };
const states: readonly string[] = ["scheduled", "ready", "running", "retrying", "parked", "dead", "done", "discarded"] satisfies DeliveryState[];

export function inspectRoutes(options: InspectRouteOptions): readonly Route[] {
  return [...eventRoutes(options), ...deliveryRoutes(options), ...wholeRoutes(options)];
}

const get = (path: string, summary: string, query: readonly string[], handle: Route["handle"]): Route => ({
  method: "GET",
  path,
  access: viewer,
  summary,
  query,
  handle,
});

function eventRoutes({ queue, view, streams }: InspectRouteOptions): readonly Route[] {
  return [
    get(
      "/v1/events",
      "Lists events, the newest first; `order=oldest` begins with the oldest.",
      ["type", "key", "correlationId", "from", "to", "order", "limit", "cursor"],
      async (call) => {
        const limit = limitOf(call.query);
        const found = await queue.inspect.events({ ...eventFilter(call), limit });
        const events = found.filter((event) => view.sees(event, call.principal)).map(view.event);
        const last = found.length === limit ? found.at(-1) : undefined;
        return json(200, { events, next: last === undefined ? null : cursorOf(last.sequence) });
      },
    ),
    get("/v1/events/:id", "Shows one event.", [], async ({ principal, params: { id = "" } }) =>
      json(200, view.event(await findEvent(queue, view, principal, id))),
    ),
    get("/v1/events/:id/trace", "Shows the flow that the event belongs to, as trees.", [], async ({ principal, params: { id = "" } }) => {
      const { correlationId } = await findEvent(queue, view, principal, id);
      const nodes = (await queue.inspect.trace(correlationId)).filter((node) => view.sees(node.event, principal));
      return json(200, { correlationId, trace: nodes.map(view.trace) });
    }),
    get("/v1/events/:id/deliveries", "Shows the event's deliveries with their state and reason.", [], async ({ principal, params: { id = "" } }) => {
      const event = await findEvent(queue, view, principal, id);
      // Asked by its flow, since an id alone may be that of an event of another source.
      const shown = nodesOf(await queue.inspect.trace(event.correlationId)).find((node) => node.event.sequence === event.sequence);
      return json(200, { deliveries: (shown?.deliveries ?? []).map(({ emitted: _, ...delivery }) => delivery) });
    }),
    {
      ...get("/v1/stream", "Follows events and attempts live, as server-sent events.", ["after"], (call) => streams.open(call)),
      produces: "text/event-stream",
    },
  ];
}

/** A flow's events with their deliveries, one after another. */
function nodesOf(trees: readonly TraceNode[]): readonly TraceNode[] {
  return trees.flatMap((node) => [node, ...node.deliveries.flatMap(({ emitted }) => nodesOf(emitted))]);
}

function eventFilter({ query, principal }: Call): EventFilter {
  const { order = "newest", cursor, from, to } = query;
  if (order !== "newest" && order !== "oldest") throw new PulseQueueError("REQUEST_INVALID", "order must be newest or oldest");
  const place = cursor === undefined ? undefined : placeOf(cursor);
  return {
    ...textsOf(query, ["type", "key", "correlationId"]),
    ...(from === undefined ? {} : { from: timeOf("from", from) }),
    ...(to === undefined ? {} : { to: timeOf("to", to) }),
    ...(order === "oldest" ? { after: place ?? 0 } : place === undefined ? {} : { before: place }),
    ...tenantOf(principal),
  };
}

function deliveryRoutes({ queue, view }: InspectRouteOptions): readonly Route[] {
  return [
    get(
      "/v1/deliveries",
      "Lists deliveries that are not done, each with its state and the reason why it does not run; `more` says that the limit was met.",
      ["handler", "state", "eventId", "eventType", "key", "limit"],
      async ({ query, principal }) => {
        const { state } = query;
        if (state !== undefined && !states.includes(state)) throw new PulseQueueError("REQUEST_INVALID", `state must be one of ${states.join(", ")}`);
        const limit = limitOf(query);
        const filter = {
          ...textsOf(query, ["handler", "eventId", "eventType", "key"]),
          ...(state === undefined ? {} : { state: state as DeliveryState }),
          limit,
        };
        const deliveries = await queue.inspect.deliveries({ ...filter, ...tenantOf(principal) });
        return json(200, { deliveries, more: deliveries.length === limit });
      },
    ),
    get(
      "/v1/dead-letters",
      "Lists dead letters, the oldest first, each with its event; `more` says that the limit was met.",
      ["handler", "eventId", "eventType", "key", "code", "limit"],
      async ({ query, principal }) => {
        const limit = limitOf(query);
        const filter = { ...textsOf(query, ["handler", "eventId", "eventType", "key", "code"]), limit, ...tenantOf(principal) };
        const found = await queue.inspect.deadLetters(filter);
        const letters = found.filter(({ event }) => view.sees(event, principal)).map(view.letter);
        return json(200, { deadLetters: letters, more: found.length === limit });
      },
    ),
    get("/v1/dead-letters/:id", "Shows one dead letter; its id with ~ for /.", [], async ({ principal, params: { id = "" } }) => {
      const [letter] = await queue.inspect.deadLetters({ id: deliveryIdOf(id), ...tenantOf(principal) });
      if (letter === undefined || !view.sees(letter.event, principal)) throw notFound("dead letter");
      return json(200, view.letter(letter));
    }),
  ];
}

/** What belongs to the whole application, not to a tenant. */
function wholeRoutes({ app, queue, clock, view }: InspectRouteOptions): readonly Route[] {
  const { handlers, tables, schedules } = app.topology;
  return [
    get("/v1/handlers", "Lists handlers: whether they are paused, what waits, how old the oldest is.", [], async ({ principal }) => {
      checkWhole(principal);
      return json(200, { handlers: await queue.inspect.handlers() });
    }),
    get("/v1/handlers/:name", "Shows one handler.", [], async ({ principal, params: { name = "" } }) => {
      checkWhole(principal);
      const shown = handlers.has(name) ? (await queue.inspect.handlers()).find((handler) => handler.name === name) : undefined;
      if (shown === undefined) throw new PulseQueueError("HANDLER_UNKNOWN", "The app has no such handler");
      return json(200, shown);
    }),
    get("/v1/tables", "Lists tables with their keys and indexes.", [], ({ principal }) => {
      checkWhole(principal);
      const shown = [...tables.values()].map(({ name, keyFields, indexFields }) => ({ name, key: keyFields, indexes: Object.fromEntries(indexFields) }));
      return json(200, { tables: shown });
    }),
    get(
      "/v1/tables/:name/rows",
      "Lists a table's rows by key; personal data is redacted.",
      ["limit", "cursor"],
      async ({ principal, query, params: { name = "" } }) => {
        checkWhole(principal);
        const table = tables.get(name);
        if (table === undefined) throw new PulseQueueError("TABLE_UNKNOWN", "The app has no such table");
        const from = query["cursor"] === undefined ? 0 : placeOf(query["cursor"]);
        const limit = limitOf(query);
        const all = await queue.inspect.table(table).all();
        const rows = all.slice(from, from + limit).map((row) => view.row(name, row as Json));
        return json(200, { rows, next: from + limit < all.length ? cursorOf(from + limit) : null });
      },
    ),
    get("/v1/schedules", "Lists schedules with their next tick.", [], ({ principal }) => {
      checkWhole(principal);
      const shown = [...schedules.values()].map(({ schedule }) => {
        const next = nextTick(schedule, clock.now());
        return { name: schedule.name, cadence: schedule.cadence, next: next === undefined ? null : new Date(next).toISOString() };
      });
      return json(200, { schedules: shown });
    }),
  ];
}
