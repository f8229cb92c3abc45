/** What is read: events, flows, deliveries, dead letters, handlers, tables, schedules. */
import type { App } from "../../core/app.ts";
import type { DeliveryState } from "../../core/delivery.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import type { Clock } from "../../core/ports.ts";
import { nextTick } from "../../core/schedule.ts";
import { eventNamed } from "../../core/reveal.ts";
import type { EventFilter, EventView, Queue } from "../../core/queue.ts";
import type { Access, Call, Route } from "../call.ts";
import { json } from "../respond.ts";
import type { Streams } from "../streams.ts";
import { cursorOf, limitOf, placeOf, textCursorOf, textOfCursor, textsOf, timeOf } from "./act.ts";
import { checkWhole, choiceOf, deliveryIdOf, notFound, tenantOf, type View } from "./view.ts";

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

const choice = ["source", "tenant"] as const;

function eventRoutes({ queue, view, streams }: InspectRouteOptions): readonly Route[] {
  const named = ({ params: { id = "" }, principal, query }: Call): Promise<EventView> => eventNamed(queue.inspect, id, choiceOf(principal, query));
  return [
    get(
      "/v1/events",
      "Lists events, the newest first; `order=oldest` begins with the oldest.",
      ["type", "key", "source", "tenant", "correlationId", "from", "to", "order", "limit", "cursor"],
      async (call) => {
        const limit = limitOf(call.query);
        const found = await queue.inspect.events({ ...eventFilter(call), limit });
        const events = found.filter((event) => view.sees(event, call.principal)).map(view.event);
        const last = found.length === limit ? found.at(-1) : undefined;
        return json(200, { events, next: last === undefined ? null : cursorOf(last.sequence) });
      },
    ),
    get("/v1/events/:id", "Shows one event; `source` and `tenant` say which, where several have the id.", choice, async (call) =>
      json(200, view.event(await named(call))),
    ),
    get("/v1/events/:id/trace", "Shows the flow that the event belongs to, as trees.", choice, async (call) => {
      const { id, source, correlationId } = await named(call);
      const trace = await queue.inspect.trace(id, { ...choiceOf(call.principal, call.query), source });
      return json(200, { correlationId, trace: trace.map(view.trace) });
    }),
    get("/v1/events/:id/deliveries", "Shows the event's deliveries with their state and reason.", choice, async (call) => {
      const { id, source, sequence } = await named(call);
      const found = await queue.inspect.deliveries({ eventId: id, source, limit: 1_000, ...tenantOf(call.principal) });
      return json(200, { deliveries: found.filter((delivery) => delivery.sequence === sequence) });
    }),
    {
      ...get("/v1/stream", "Follows events and attempts live, as server-sent events.", ["after"], (call) => streams.open(call)),
      produces: "text/event-stream",
    },
  ];
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
    ...choiceOf(principal, query),
  };
}

function deliveryRoutes({ queue, view }: InspectRouteOptions): readonly Route[] {
  return [
    get(
      "/v1/deliveries",
      "Lists deliveries that are not done, each with its state and the reason why it does not run.",
      ["handler", "state", "eventId", "source", "tenant", "eventType", "key", "limit", "cursor"],
      async ({ query, principal }) => {
        const { state } = query;
        if (state !== undefined && !states.includes(state)) throw new PulseQueueError("REQUEST_INVALID", `state must be one of ${states.join(", ")}`);
        const limit = limitOf(query);
        const filter = {
          ...textsOf(query, ["handler", "eventId", "eventType", "key"]),
          ...(state === undefined ? {} : { state: state as DeliveryState }),
          ...afterOf(query),
          limit,
        };
        const deliveries = await queue.inspect.deliveries({ ...filter, ...choiceOf(principal, query) });
        return json(200, { deliveries, next: nextOf(deliveries, limit) });
      },
    ),
    get(
      "/v1/dead-letters",
      "Lists dead letters, the oldest first, each with its event.",
      ["handler", "eventId", "source", "tenant", "eventType", "key", "code", "limit", "cursor"],
      async ({ query, principal }) => {
        const limit = limitOf(query);
        const filter = { ...textsOf(query, ["handler", "eventId", "eventType", "key", "code"]), ...afterOf(query), limit, ...choiceOf(principal, query) };
        const found = await queue.inspect.deadLetters(filter);
        const letters = found.filter(({ event }) => view.sees(event, principal)).map(view.letter);
        return json(200, { deadLetters: letters, next: nextOf(found, limit) });
      },
    ),
    get("/v1/dead-letters/:id", "Shows one dead letter; its id with ~ for /.", [], async ({ principal, params: { id = "" } }) => {
      const [letter] = await queue.inspect.deadLetters({ id: deliveryIdOf(id), ...tenantOf(principal) });
      if (letter === undefined || !view.sees(letter.event, principal)) throw notFound("dead letter");
      return json(200, view.letter(letter));
    }),
  ];
}

/** Where the page begins that a cursor names. */
function afterOf({ cursor }: Readonly<Record<string, string>>): { readonly after?: string } {
  return cursor === undefined ? {} : { after: textOfCursor(cursor) };
}

function nextOf(page: readonly { readonly id: string }[], limit: number): string | null {
  const last = page.length === limit ? page.at(-1) : undefined;
  return last === undefined ? null : textCursorOf(last.id);
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
        const { rows, next } = await queue.inspect.table(table).rows({ limit: limitOf(query), ...afterOf(query) });
        return json(200, { rows: rows.map((row) => view.row(name, row as Json)), next: next === undefined ? null : textCursorOf(next) });
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
