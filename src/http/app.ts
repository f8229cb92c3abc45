import { Hono } from "hono";
import { PulseQueueError } from "../core/errors.ts";
import { idMaker } from "../core/ids.ts";
import type { Observer } from "../core/ports.ts";
import type { Principal } from "../core/principal.ts";
import { machineClock } from "../machine/clock.ts";
import { anonymous, authorise, identify } from "./access.ts";
import { correlationOf, openBody, queryOf, type Body, type Route } from "./call.ts";
import { defaultLimits, type HttpAppOptions, type HttpLimits, type Peer } from "./options.ts";
import { clientOf, createBudget, createLimiter } from "./rates.ts";
import { createRefusals, type Refusals } from "./refusals.ts";
import { problemResponse, toError } from "./respond.ts";
import { createRoutes } from "./routes.ts";
import { createStreams } from "./streams.ts";
import { checkHost, checkOrigin, loopbackNames, parseTarget, type Target } from "./target.ts";

/** One application from a request to a response. */
export interface HttpApp {
  /** Answers every request; never rejects. */
  fetch(request: Request, peer: Peer): Promise<Response>;
  /** Tells that a request was turned away before it could be read. */
  unreadable(): void;
  /** Ends the live streams and takes no new ones. */
  close(): void;
  readonly limits: HttpLimits;
}

const correlationHeader = "x-correlation-id";

const noParams: Readonly<Record<string, string>> = {};

/** What is recorded of a request that names no route. */
const noRoute = "(none)";

interface Bindings {
  readonly Bindings: { readonly exchange: Exchange };
}

/** What is found out about a request step by step. */
interface Exchange {
  readonly request: Request;
  readonly peer: Peer;
  readonly target: Target;
  route: string;
  principal: Principal;
  body: Body | undefined;
  correlationId: string | undefined;
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/**
 * The door of an application: ingest, its own endpoints, operations, health and documents.
 *
 * @example
 * const http = createHttpApp({ app, queue, authenticator, clock });
 * const response = await http.fetch(new Request("http://localhost/healthz"), { address: "127.0.0.1", local: true });
 *
 * Throws `DECLARATION_INVALID` for an endpoint whose path belongs to the door itself.
 */
export function createHttpApp(options: HttpAppOptions): HttpApp {
  const { queue, authenticator, clock = machineClock } = options;
  const observe: Observer = options.observe ?? (() => undefined);
  const limits: HttpLimits = { ...defaultLimits, ...options.limits };
  const hosts = new Set((options.hosts ?? loopbackNames).map((name) => name.toLowerCase()));
  const origins = new Set(options.origins);
  const refusals = createRefusals(queue.ledger, observe);
  const streams = createStreams({ ...options, limits, clock });
  const budget = createBudget(limits.heldBytes);
  const byAddress = createLimiter(clock, limits.address);
  const byPrincipal = createLimiter(clock, limits.principal);
  const byTenant = createLimiter(clock, limits.tenant);
  const newId = idMaker(() => clock.now(), Math.random); // no secret: it only has to be another one

  const spend = (principal: Principal, cost: number): void => {
    if (principal.kind === "anonymous") return;
    byPrincipal.take(principal.id, cost);
    if (principal.tenant !== undefined) byTenant.take(principal.tenant, cost);
  };

  const run = async (route: Route, exchange: Exchange, params: Readonly<Record<string, string>>): Promise<Response> => {
    const { request, peer, target } = exchange;
    exchange.route = route.path;
    const owner = (): string => exchange.principal.tenant ?? exchange.principal.id;
    const body = openBody({ request, peer, limits, budget, clock, owner });
    exchange.body = body;
    const { access } = route;
    exchange.principal = await identify({ authenticator, limits, request, peer, path: target.path, route: route.path, access, body });
    authorise(access, exchange.principal);
    spend(exchange.principal, 1);
    if (access.kind === "endpoint") exchange.correlationId = correlationOf(request.headers, newId);
    const { principal, correlationId } = exchange;
    return await route.handle({ request, peer, target, principal, params, query: queryOf(target.search, route.query), body, correlationId });
  };

  const routes = createRoutes({ ...options, limits, clock, refusals, streams, spend, observe });
  const hono = new Hono<Bindings>({ strict: true, getPath: (_request, context) => (context?.env as Bindings["Bindings"]).exchange.target.path });
  for (const route of routes) hono.on(route.method, route.path, (context) => run(route, context.env.exchange, context.req.param() as Record<string, string>));
  hono.notFound((context) => {
    const { path } = context.env.exchange.target;
    const allowed = methods.filter((method) => hono.router.match(method, path)[0].length > 0);
    if (allowed.length === 0) throw new PulseQueueError("ROUTE_UNKNOWN", "There is nothing at this path");
    return methodNotAllowed(refusals, context.env.exchange, allowed);
  });
  hono.onError((thrown) => {
    throw thrown;
  });

  // A path without parameters needs no search and no context of Hono's, which cost as much as the rest of the way to the route.
  const fixed = new Map<string, Route>();
  for (const route of routes) {
    const [first] = hono.router.match(route.method, route.path)[0];
    if (!/[:*{]/.test(route.path) && first?.[0][1].path === route.path) fixed.set(`${route.method} ${route.path}`, route);
  }

  const answer = async (exchange: Exchange): Promise<Response> => {
    const { request, peer } = exchange;
    const host = request.headers.get("host") ?? hostOf(request.url);
    checkHost(host, hosts);
    const origin = request.headers.get("origin");
    if (origin !== null) checkOrigin(origin, host, origins);
    byAddress.take(clientOf(peer.address), 1);
    const route = fixed.get(`${request.method} ${exchange.target.path}`);
    return await (route === undefined ? hono.fetch(request, { exchange }) : run(route, exchange, noParams));
  };

  return {
    limits,
    async fetch(request, peer) {
      const started = clock.monotonic();
      const exchange: Exchange = {
        request,
        peer,
        target: { path: "/", search: "" },
        route: noRoute,
        principal: anonymous,
        body: undefined,
        correlationId: undefined,
      };
      let response: Response;
      try {
        const target = parseTarget(peer.target ?? targetOf(request.url), limits.targetLength);
        response = await answer(Object.assign(exchange, { target }));
      } catch (thrown) {
        response = await refuse(thrown, exchange, refusals, observe);
      }
      exchange.body?.release();
      const { route, correlationId, principal } = exchange;
      if (correlationId !== undefined && !response.headers.has(correlationHeader)) response.headers.set(correlationHeader, correlationId);
      const milliseconds = clock.monotonic() - started;
      observe({ type: "request", route, method: methodOf(request), status: response.status, milliseconds, principal: principal.id, correlationId });
      return response;
    },
    unreadable() {
      observe({ type: "refused", reason: "validation", route: noRoute });
    },
    close() {
      streams.close();
    },
  };
}

async function refuse(thrown: unknown, { route, principal, peer, correlationId }: Exchange, refusals: Refusals, observe: Observer): Promise<Response> {
  const error = toError(thrown);
  if (error.code === "INTERNAL") observe({ type: "log", level: "error", message: "a request failed", fields: { route, correlationId, error: thrown } });
  await refusals.refuse(error.code, route, principal.kind === "anonymous" ? peer.address : principal.id);
  return problemResponse(error);
}

async function methodNotAllowed(refusals: Refusals, { peer }: Exchange, allowed: readonly string[]): Promise<Response> {
  const error = new PulseQueueError("METHOD_NOT_ALLOWED", "This path does not take this method");
  await refusals.refuse(error.code, noRoute, peer.address);
  return problemResponse(error, { allow: [...allowed, ...(allowed.includes("GET") ? ["HEAD"] : [])].join(", ") });
}

/** A method as it is recorded: of a known set. */
function methodOf({ method }: Request): string {
  return ["HEAD", "OPTIONS", ...methods].includes(method) ? method : "OTHER";
}

function hostOf(url: string): string {
  return new URL(url).host;
}

function targetOf(url: string): string {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}
