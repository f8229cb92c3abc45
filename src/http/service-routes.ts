/** What machines ask: health, metrics, documents. */
import type { Clock } from "../core/ports.ts";
import type { Queue } from "../core/queue.ts";
import type { Access, Route } from "./call.ts";
import { asyncApi } from "./documents/async-api.ts";
import { openApi } from "./documents/open-api.ts";
import type { HttpAppOptions, Readiness } from "./options.ts";
import { baseHeaders, json } from "./respond.ts";

export interface ServiceRouteOptions extends Pick<HttpAppOptions, "app" | "queue" | "version" | "readiness" | "metrics"> {
  readonly clock: Clock;
}

const open: Access = { kind: "open" };
/** Metrics and documents say how the application is built: for this machine, and for who may look into it. */
const near: Access = { kind: "roles", roles: ["viewer", "operator", "auditor", "publisher"], local: true };
const watcher: Access = { kind: "roles", roles: ["viewer", "operator", "auditor"], local: true };

/** `others`: the routes that the documents describe besides these. */
export function serviceRoutes(options: ServiceRouteOptions, others: readonly Route[]): readonly Route[] {
  const { app, metrics, version = "unknown" } = options;
  const readiness = rarely(options.clock, options.readiness ?? (() => defaultReadiness(options.queue)));
  const get = (path: string, access: Access, summary: string, handle: Route["handle"]): Route => ({ method: "GET", path, access, summary, query: [], handle });
  const routes: Route[] = [
    get("/healthz", open, "The process answers.", () => json(200, { status: "ok" })),
    get("/readyz", open, "The store takes writes; how old the oldest waiting delivery is.", async () => {
      const { ready, checks } = await readiness();
      return json(ready ? 200 : 503, { status: ready ? "ready" : "not ready", checks });
    }),
    get("/version", open, "The version that runs.", () => json(200, { version })),
  ];
  if (metrics !== undefined)
    routes.push({
      ...get("/metrics", watcher, "Metrics for Prometheus.", async () => {
        const { text, contentType } = await metrics();
        return new Response(text, { headers: { ...baseHeaders, "content-type": contentType } });
      }),
      produces: "text/plain",
    });
  routes.push(
    get("/openapi.json", near, "This document.", () => json(200, openApi(app, version, [...others, ...routes]))),
    get("/asyncapi.json", near, "The events of the app, as an AsyncAPI document.", () => json(200, asyncApi(app, version))),
  );
  return routes;
}

async function defaultReadiness(queue: Queue): Promise<Readiness> {
  try {
    const handlers = await queue.inspect.handlers();
    return { ready: true, checks: { store: "open", oldestReadyMilliseconds: Math.max(0, ...handlers.map(({ oldestReady = 0 }) => oldestReady)) } };
  } catch {
    return { ready: false, checks: { store: "closed" } };
  }
}

/** How long an answer about readiness is given again, milliseconds: nobody can keep the store busy by asking. */
const freshFor = 500;

function rarely(clock: Pick<Clock, "monotonic">, ask: () => Promise<Readiness>): () => Promise<Readiness> {
  let last: { readonly at: number; readonly answer: Promise<Readiness> } | undefined;
  return () => {
    const now = clock.monotonic();
    if (last === undefined || now - last.at >= freshFor) last = { at: now, answer: ask() };
    return last.answer;
  };
}
