/**
 * The process that is asked over HTTP: the whole door with API keys, validation and rate limits that are counted and never met,
 * on a file whose commits are on disk before they are acknowledged. Beside it, on the same Node server, an empty route of a Hono
 * application of its own: it has what every server must have, and nothing of the door. And a bare one, which takes the same requests
 * as ingest and gives answers of the same size, and does nothing else.
 */
import { Hono } from "hono";
import { createAuthenticator, createHttpApp, serve, type HttpApp } from "pulsequeue/http";
import { openLocal } from "pulsequeue/local";
import type { Principal } from "pulsequeue";
import { ordered } from "../peers/pulsequeue.ts";
import { doorApp, source } from "./app.ts";
import { barePath, emptyPath, type FromServer, type ServerSettings, type ToServer } from "./protocol.ts";

const highest = { perSecond: 1e9, burst: 1e9 };

/** What the door answers to a published event. */
const answer = JSON.stringify({ id: "e-1", type: ordered.name, source, duplicate: false });
const answerHeaders = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "content-type": "application/json",
  location: "/v1/events/e-1?source=https%3A%2F%2Fbench.example",
};

async function open({ file, handlerMilliseconds }: ServerSettings): Promise<(message: ToServer) => Promise<void>> {
  const { app, handled } = doorApp(handlerMilliseconds ?? 0);
  const queue = await openLocal(app, { file, durability: "full" });
  const clock = { now: () => Date.now() };
  const http = createHttpApp({
    app,
    queue,
    authenticator: createAuthenticator({ keys: queue.keys, clock, topology: app.topology, webhooks: { secret: () => undefined, nonces: queue.nonces } }),
    limits: { address: highest, principal: highest, tenant: highest },
  });
  const empty = new Hono().get(emptyPath, (context) => context.body(null, 204));
  const beside: HttpApp = {
    ...http,
    async fetch(request, peer) {
      if (peer.target === emptyPath) return await empty.fetch(request);
      if (peer.target !== barePath) return await http.fetch(request, peer);
      await peer.read?.(http.limits.bodyBytes);
      return new Response(answer, { status: 202, headers: answerHeaders });
    },
  };
  const server = await serve(beside, { port: 0, hasCredentials: true });
  const token = async (roles: Principal["scope"]["roles"], tenant?: string): Promise<string> => {
    const scope = { roles, events: "*", endpoints: "*" } as const;
    const created = await queue.keys.create(
      { name: `${roles.join("-")}-${tenant ?? "all"}`, scope, ...(tenant === undefined ? {} : { tenant }) },
      { reason: "bench" },
    );
    return created.token ?? "";
  };
  const tokens = { publisher: await token(["publisher"]), tenantA: await token(["viewer"], "a"), tenantB: await token(["publisher"], "b") };
  if (handlerMilliseconds !== undefined) await queue.start();
  tell({ type: "ready", port: server.port, tokens });
  return async ({ type }) => {
    tell({ type: "state", handled: handled(), peakMemoryMiB: process.resourceUsage().maxRSS / 1_024 });
    if (type !== "end") return;
    await server.close(0);
    await queue.close();
    process.disconnect?.();
  };
}

function tell(message: FromServer): void {
  process.send?.(message);
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}

process.once("message", (settings) => {
  open(settings as ServerSettings).then((obey) => {
    process.on("message", (message) => {
      obey(message as ToServer).catch(fail);
    });
  }, fail);
});
process.once("disconnect", () => process.exit());
