/** A small application behind its door, for tests: principals by token, everything observed is kept. */
import {
  defineApp,
  defineEndpoint,
  defineEvent,
  defineHandler,
  defineSecret,
  defineTable,
  NonRetryableError,
  PulseQueueError,
  type Principal,
} from "pulsequeue";
import { createHttpApp, type Authenticator, type HttpApp, type HttpAppOptions, type Peer } from "pulsequeue/http";
import { openLocal, type LocalOptions, type LocalQueue } from "pulsequeue/local";
import { z } from "zod";
import type { ObservedFact } from "../../src/core/ports.ts";
import { machineClock } from "../../src/machine/clock.ts";
import { projectRoot } from "../support/tree.ts";

export const placed = defineEvent("order.placed", {
  schema: z.strictObject({
    orderId: z.string().min(1).max(64),
    quantity: z.int().positive().max(1_000_000),
    email: z.string().max(200).optional(),
    note: z.json().optional(),
  }),
  key: (data) => data.orderId,
  pii: ["email"],
  subject: (data) => data.orderId,
});
export const cancelled = defineEvent("order.cancelled", { schema: z.strictObject({ orderId: z.string() }) });

const orders = defineTable("orders", {
  schema: z.object({ orderId: z.string(), email: z.string().optional() }),
  key: "orderId",
  pii: ["email"],
  subject: (row) => row.orderId,
});

const take = defineHandler("take", {
  on: placed,
  writes: [orders],
  handle({ data }, ctx) {
    if (data.quantity === 666) throw new NonRetryableError("there are not so many");
    ctx.tables.orders.put({ orderId: data.orderId, ...(data.email === undefined ? {} : { email: data.email }) });
  },
});
const forget = defineHandler("forget", { on: cancelled, handle() {} });

const answer = z.object({ id: z.string(), principal: z.string(), query: z.record(z.string(), z.string()), raw: z.string() });
const input = z.strictObject({ quantity: z.int().positive() });

const place = defineEndpoint("place", {
  method: "POST",
  path: "/orders/:id",
  auth: "api-key",
  input,
  output: answer,
  emits: [placed],
  handle({ params: { id = "" }, input: { quantity }, principal, query, rawBody }, ctx) {
    ctx.emit(placed, { orderId: id, quantity });
    return { status: 202, headers: { location: `/orders/${id}` }, body: { id, principal, query: { ...query }, raw: rawBody } };
  },
});
const show = defineEndpoint("show", {
  method: "GET",
  path: "/orders/:id",
  auth: "public",
  output: z.object({ id: z.string() }),
  handle: ({ params: { id = "" } }) => ({ body: { id } }),
});
const hookSecret = defineSecret("hook-secret");
const sign = defineEndpoint("sign", {
  method: "POST",
  path: "/hooks",
  auth: "webhook",
  webhook: { scheme: "standard", secret: hookSecret },
  handle: ({ rawBody }) => ({ body: { raw: rawBody } }),
});
const broken = defineEndpoint("broken", {
  method: "POST",
  path: "/broken",
  auth: "public",
  handle() {
    throw new Error("SELECT secret FROM /etc/passwd");
  },
});

export const app = defineApp("shop", { handlers: [take, forget], endpoints: [place, show, sign, broken] });

const everything = { events: "*", endpoints: "*" } as const;
const principal = (id: string, scope: Principal["scope"], tenant?: string): Principal => ({ id: `key:${id}`, kind: "api-key", tenant, scope });

/** Principals by token. */
export const principals: Readonly<Record<string, Principal>> = {
  publisher: principal("publisher", { roles: ["publisher"], ...everything }),
  narrow: principal("narrow", { roles: ["publisher"], events: ["order.placed"], endpoints: ["show"] }),
  viewer: principal("viewer", { roles: ["viewer"], ...everything }),
  operator: principal("operator", { roles: ["operator"], events: [], endpoints: [] }),
  auditor: principal("auditor", { roles: ["auditor"], events: [], endpoints: [] }),
  all: principal("all", { roles: ["publisher", "viewer", "operator", "auditor"], ...everything }),
  none: principal("none", { roles: [], events: "*", endpoints: "*" }),
  tenantA: principal("tenantA", { roles: ["publisher", "viewer", "operator", "auditor"], ...everything }, "a"),
  tenantA2: principal("tenantA2", { roles: ["publisher"], ...everything }, "a"),
  tenantB: principal("tenantB", { roles: ["publisher", "viewer", "operator", "auditor"], ...everything }, "b"),
};

export interface Door {
  readonly http: HttpApp;
  readonly queue: LocalQueue;
  readonly facts: ObservedFact[];
  /** Ends the credentials of these tokens. */
  readonly revoked: Set<string>;
  ask(path: string, init?: Ask): Promise<Response>;
  /** Causes of refusals since the last time. */
  refusals(): readonly string[];
  requests(): readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Ask {
  readonly method?: string;
  readonly as?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | Readonly<Record<string, unknown>> | readonly unknown[];
  readonly peer?: Partial<Peer>;
}

export async function openDoor(options: Partial<HttpAppOptions> = {}, engine: Partial<LocalOptions> = {}): Promise<Door> {
  const facts: ObservedFact[] = [];
  const listeners = new Set<(fact: ObservedFact) => void>();
  const observe = (fact: ObservedFact): void => {
    facts.push(fact);
    for (const listener of listeners) listener(fact);
  };
  const queue = await openLocal(app, { file: ":memory:", observe, secrets: () => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ...engine });
  const revoked = new Set<string>();
  const http = createHttpApp({
    app,
    queue,
    authenticator: authenticatorOf(revoked),
    clock: machineClock,
    observe,
    erase: (subject, given) => queue.erase(subject, given),
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ...options,
  });
  const causes = (type: "refused" | "request"): readonly string[] => {
    const found = facts.filter((fact) => fact.type === type);
    for (const fact of found) facts.splice(facts.indexOf(fact), 1);
    return found.map((fact) =>
      fact.type === "refused" ? `${fact.reason} ${fact.route}` : fact.type === "request" ? `${fact.method} ${fact.route} ${String(fact.status)}` : "",
    );
  };
  return {
    http,
    queue,
    facts,
    revoked,
    ask: (path, init = {}) => http.fetch(requestOf(path, init), { address: "203.0.113.7", local: false, target: path, ...init.peer }),
    refusals: () => causes("refused"),
    requests: () => causes("request"),
    async [Symbol.asyncDispose]() {
      http.close();
      await queue.close();
    },
  };
}

export function requestOf(path: string, { method, as, headers = {}, body }: Ask): Request {
  const isText = typeof body === "string" || body instanceof Uint8Array;
  return new Request(`http://localhost${path.startsWith("/") ? path : "/"}`, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
      ...(body === undefined || isText ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
  });
}

function authenticatorOf(revoked: ReadonlySet<string>): Authenticator {
  return {
    async authenticate({ headers, rawBody }, accepts) {
      if (accepts.includes("webhook")) {
        if (headers.get("webhook-signature") !== `length=${rawBody.length}`) throw new PulseQueueError("SIGNATURE_INVALID", "The signature is wrong");
        return { id: "webhook:test", kind: "webhook", tenant: undefined, scope: { roles: [], events: [], endpoints: [] } };
      }
      const token = /^Bearer (\w+)$/.exec(headers.get("authorization") ?? "")?.[1] ?? "";
      const found = Object.hasOwn(principals, token) ? principals[token] : undefined;
      if (found === undefined || revoked.has(token)) throw new PulseQueueError("UNAUTHENTICATED", "There is no valid credential");
      return found;
    },
    isCurrent: ({ id }) => Promise.resolve(!revoked.has(id.slice("key:".length))),
  };
}

/** A CloudEvent that the app takes. */
export function cloudEvent(more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { specversion: "1.0", type: "order.placed", source: "https://shop.example", id: "e-1", data: { orderId: "o-1", quantity: 1 }, ...more };
}

export const structured = { "content-type": "application/cloudevents+json" } as const;
export const batch = { "content-type": "application/cloudevents-batch+json" } as const;

/** Publishes over HTTP; answers the status and the body. */
export async function publish(door: Door, event: unknown, ask: Ask = {}): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await door.ask("/v1/events", { as: "publisher", headers: structured, body: JSON.stringify(event), ...ask });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

export async function bodyOf(response: Promise<Response> | Response): Promise<Record<string, unknown>> {
  return (await (await response).json()) as Record<string, unknown>;
}

const inside = /node_modules|\bat [\w.<>]+ \(|SQLITE|\bSELECT\b|\.[jt]s:\d/;

/** Whether an answer says what the door may never say: stacks, SQL, paths of this machine. */
export function showsInside(text: string): boolean {
  return text.includes(projectRoot) || inside.test(text);
}
