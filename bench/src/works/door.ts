/** What the door costs: beside an empty route of the same server, in the same run. */
import { join } from "node:path";
import { openLocal } from "pulsequeue/local";
import { CheckFailed } from "../check.ts";
import { doorApp, eventText } from "../door/app.ts";
import { fastest, openConnection, paced, type Asked } from "../door/client.ts";
import { withServer, type ServerProcess } from "../door/process.ts";
import { barePath, emptyPath } from "../door/protocol.ts";
import { job } from "../job.ts";
import type { Figures, MeasureOptions } from "../measurement.ts";
import { percentile } from "../statistics.ts";

/** Clients that ask at once. */
const connections = 100;
const batchSize = 100;
/** How long the handler of the overload takes for one event: it cannot take more than 250 a second. */
const handlerMilliseconds = 4;
const handledPerSecond = 1_000 / handlerMilliseconds;
const offered = 10 * handledPerSecond;

const empty: Asked = { method: "GET", path: emptyPath, headers: {}, expected: 204 };

/** Publishes jobs with ids of their own, and keeps the ids that were acknowledged. */
interface Publisher {
  readonly one: Asked;
  readonly many: Asked;
  readonly acknowledged: readonly string[];
}

function publisher(token: string): Publisher {
  const acknowledged: string[] = [];
  let last = 0;
  const next = (): string => {
    last += 1;
    return eventText(`e-${String(last)}`, job(last));
  };
  const answered = (body: string): void => {
    for (const [, id = ""] of body.matchAll(/"id":"(e-\d+)"/g)) acknowledged.push(id);
  };
  const asked = (type: string, body: () => string): Asked => ({
    method: "POST",
    path: "/v1/events",
    headers: { authorization: `Bearer ${token}`, "content-type": type },
    body,
    expected: 202,
    answered,
  });
  return {
    acknowledged,
    one: asked("application/cloudevents+json", next),
    many: asked("application/cloudevents-batch+json", () => `[${Array.from({ length: batchSize }, next).join(",")}]`),
  };
}

/** Rates as fast as 100 clients ask, then latencies while half of the rate of single events is asked for. */
export async function ingest({ place, seconds }: MeasureOptions): Promise<Figures> {
  const file = join(place.directory, "door.db");
  const phase = { connections, seconds: Math.min(seconds, 5) };
  return await withServer({ file, handlerMilliseconds: undefined }, async (server) => {
    const { one, many, acknowledged } = publisher(server.tokens.publisher);
    const bare: Asked = { ...one, path: barePath, answered: () => undefined };
    for (const asked of [empty, bare, one, many]) await fastest(server.port, asked, { connections, seconds: Math.min(seconds, 2) });
    const emptyPerSecond = await fastest(server.port, empty, phase);
    const barePerSecond = await fastest(server.port, bare, phase);
    const ingestPerSecond = await fastest(server.port, one, phase);
    const batchEventsPerSecond = (await fastest(server.port, many, { ...phase, connections: 10 })) * batchSize;
    const pace = { ...phase, perSecond: ingestPerSecond / 2 };
    const emptyTook = await paced(server.port, empty, pace);
    const ingestTook = await paced(server.port, one, pace);
    await server.end();
    await checkJournal(file, acknowledged);
    return {
      emptyPerSecond,
      barePerSecond,
      ingestPerSecond,
      batchEventsPerSecond,
      emptyP50Ms: percentile(emptyTook, 0.5),
      emptyP99Ms: percentile(emptyTook, 0.99),
      ingestP50Ms: percentile(ingestTook, 0.5),
      ingestP99Ms: percentile(ingestTook, 0.99),
    };
  });
}

/** Ten times as much is offered as the handler can take. */
export async function overload({ place, seconds }: MeasureOptions): Promise<Figures> {
  const file = join(place.directory, "door.db");
  return await withServer({ file, handlerMilliseconds }, async (server) => {
    const { one, acknowledged } = publisher(server.tokens.publisher);
    const started = performance.now();
    await paced(server.port, one, { connections, perSecond: offered, seconds });
    const took = (performance.now() - started) / 1_000;
    const { handled, peakMemoryMiB } = await server.end();
    if (acknowledged.length < 10 * handled) throw new CheckFailed(`${String(acknowledged.length)} were accepted while ${String(handled)} were handled`);
    await checkJournal(file, acknowledged);
    return { acceptedPerSecond: acknowledged.length / took, handledPerSecond: handled / took, peakMemoryMiB };
  });
}

/**
 * How long answers take that must not tell apart what they hide: an id of another tenant and one that nobody has, a wrong secret
 * of a key and a key that there is not. One client asks, in turn.
 */
export async function answers({ place, jobs }: MeasureOptions): Promise<Figures> {
  return await withServer({ file: join(place.directory, "door.db"), handlerMilliseconds: undefined }, async (server) => {
    const connection = await openConnection(server.port);
    const { one } = publisher(server.tokens.tenantB);
    await connection.ask(one);
    const took: Record<string, number[]> = {};
    for (let turn = -200; turn < jobs / 10; turn += 1) {
      for (const [name, asked] of Object.entries(hidden(server))) {
        const at = performance.now();
        await connection.ask(asked);
        if (turn >= 0) (took[name] ??= []).push((performance.now() - at) * 1_000);
      }
    }
    connection.socket.destroy();
    await server.end();
    return Object.fromEntries(Object.entries(took).map(([name, times]) => [`${name}P50Us`, percentile(times, 0.5)]));
  });
}

function hidden({ tokens: { tenantA, publisher: known } }: ServerProcess): Readonly<Record<string, Asked>> {
  const get = (path: string, token: string, expected: number): Asked => ({ method: "GET", path, headers: { authorization: `Bearer ${token}` }, expected });
  const other = (place: number): string => `${known.slice(0, place)}${known[place] === "0" ? "1" : "0"}${known.slice(place + 1)}`;
  return {
    foreign: get("/v1/events/e-1", tenantA, 404),
    missing: get("/v1/events/e-0", tenantA, 404),
    wrongKey: get("/v1/events", other(known.length - 2), 401),
    unknownKey: get("/v1/events", other("pq_".length), 401),
  };
}

/** Every acknowledged event is in the journal of the file. */
async function checkJournal(file: string, acknowledged: readonly string[]): Promise<void> {
  const open = new Set(acknowledged);
  if (open.size !== acknowledged.length) throw new CheckFailed("an event was acknowledged twice");
  const queue = await openLocal(doorApp(0).app, { file });
  const limit = 1_000;
  for (let after = 0, isMore = true; isMore;) {
    const events = await queue.inspect.events({ after, limit });
    for (const { id } of events) open.delete(id);
    after = events.at(-1)?.sequence ?? after;
    isMore = events.length === limit;
  }
  await queue.close();
  if (open.size > 0) throw new CheckFailed(`${String(open.size)} of ${String(acknowledged.length)} acknowledged events are not in the journal`);
}
