/** One request on its way through the application. */
import type { EndpointAuth, WebhookSource } from "../core/endpoint.ts";
import { PulseQueueError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { checkIdentifier } from "../core/names.ts";
import { limits as core } from "../core/limits.ts";
import type { Clock } from "../core/ports.ts";
import type { Principal, Role } from "../core/principal.ts";
import { decodeUtf8, isJsonType, mediaTypeOf, parseJsonBody } from "./json-body.ts";
import type { HttpLimits, Peer } from "./options.ts";
import type { Budget } from "./rates.ts";
import { parseQuery, type Target } from "./target.ts";

/** Who may use a route. */
export type Access =
  | { readonly kind: "open" }
  /** Whoever has one of the roles. `local`: also without a credential from this machine itself. */
  | { readonly kind: "roles"; readonly roles: readonly Role[]; readonly local?: true }
  | { readonly kind: "endpoint"; readonly name: string; readonly auth: EndpointAuth; readonly scheme: WebhookSource["scheme"] | undefined };

export interface Call {
  readonly request: Request;
  readonly peer: Peer;
  readonly target: Target;
  readonly principal: Principal;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Body;
  /** Of a request to an endpoint of the app; of others none. */
  readonly correlationId: string | undefined;
}

/** A request's body, read at most once. */
export interface Body {
  /** Throws `PAYLOAD_TOO_LARGE`, `REQUEST_TIMEOUT`, `BACKPRESSURE`, `REQUEST_INVALID` for a length that is none, `MEDIA_TYPE_UNSUPPORTED` for a compressed one. */
  bytes(limit: number): Promise<Uint8Array>;
  /** Its JSON; `undefined` for an empty one. Throws `MEDIA_TYPE_UNSUPPORTED` unless its type says so, `REQUEST_INVALID`, `PAYLOAD_TOO_DEEP`. */
  json(): Promise<Json | undefined>;
  readonly mediaType: string;
  /** Gives back what was reserved. */
  release(): void;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `/orders/:id`: what is recorded of a request, never a caller's text. */
  readonly path: string;
  readonly access: Access;
  /** What it does, in one sentence, for the documents. */
  readonly summary: string;
  /** Names of the query's parameters. @default any */
  readonly query?: readonly string[];
  /** JSON Schema of the body. @default none is taken */
  readonly input?: Json;
  /** Content types of the body. @default application/json */
  readonly consumes?: readonly string[];
  /** JSON Schema of the answer. @default anything */
  readonly output?: Json;
  /** Status of the answer. @default 200 */
  readonly success?: number;
  /** @default application/json */
  readonly produces?: string;
  /** Whether an `Idempotency-Key` is honoured. @default false */
  readonly isRepeatable?: true;
  handle(call: Call): Promise<Response> | Response;
}

export interface BodyOptions {
  readonly request: Request;
  readonly peer: Peer;
  readonly limits: HttpLimits;
  readonly budget: Budget;
  readonly clock: Pick<Clock, "timer">;
  /** Whose share of the budget it is. */
  readonly owner: () => string;
}

/** Levels around an event's data: the batch, the event, the data itself. */
const wrapping = 3;

export function openBody({ request, peer, limits, budget, clock, owner }: BodyOptions): Body {
  let reading: Promise<Uint8Array> | undefined;
  let release: (() => void) | undefined;

  const read = async (limit: number): Promise<Uint8Array> => {
    const encoding = request.headers.get("content-encoding");
    if (encoding !== null && encoding.toLowerCase() !== "identity") throw new PulseQueueError("MEDIA_TYPE_UNSUPPORTED", "A compressed body is not taken");
    const announced = request.headers.get("content-length");
    // A length that is no number would take away the bound on what is held at once.
    if (announced !== null && !/^\d+$/.test(announced)) throw new PulseQueueError("REQUEST_INVALID", "Content-Length is not a number of bytes");
    const length = announced === null ? undefined : Number(announced);
    if (length !== undefined && length > limit) throw new PulseQueueError("PAYLOAD_TOO_LARGE", `The body is larger than ${String(limit)} bytes`);
    if (length === 0 && request.headers.get("transfer-encoding") === null) return new Uint8Array();
    release = budget.reserve(owner(), length ?? limit);
    const read = peer.read === undefined ? readStream(request, limit) : peer.read(limit);
    return read instanceof Uint8Array ? read : await inTime(clock, limits.bodyTime, read);
  };

  const mediaType = mediaTypeOf(request.headers.get("content-type"));
  const bytes = (limit: number): Promise<Uint8Array> => (reading ??= read(limit));
  return {
    mediaType,
    bytes,
    async json() {
      const body = await bytes(limits.bodyBytes);
      if (body.length === 0) return undefined;
      if (!isJsonType(mediaType)) throw new PulseQueueError("MEDIA_TYPE_UNSUPPORTED", "The body's content type is not JSON");
      return parseJsonBody(decodeUtf8(body), core.depth + wrapping);
    },
    release() {
      release?.();
    },
  };
}

async function readStream(request: Request, limit: number): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) throw new PulseQueueError("PAYLOAD_TOO_LARGE", `The body is larger than ${String(limit)} bytes`);
    chunks.push(chunk);
  }
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
}

async function inTime<Value>(clock: Pick<Clock, "timer">, milliseconds: number, value: Promise<Value>): Promise<Value> {
  let cancel: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = clock.timer(milliseconds, () => {
      reject(new PulseQueueError("REQUEST_TIMEOUT", `The body did not come within ${String(milliseconds)} ms`));
    });
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    cancel?.();
  }
}

/** The query's parameters, each of them one of `names` where there are any. Throws `REQUEST_INVALID`. */
export function queryOf(search: string, names: readonly string[] | undefined): Readonly<Record<string, string>> {
  const query = parseQuery(search);
  if (names === undefined) return query;
  const stranger = Object.keys(query).find((name) => !names.includes(name));
  if (stranger !== undefined) throw new PulseQueueError("REQUEST_INVALID", `The query takes ${names.length === 0 ? "nothing" : names.join(", ")}`);
  return query;
}

/** What links a request with the events that it causes, and with what is logged of them: the caller's id, else that of the trace, else a new one. Throws `ID_INVALID`. */
export function correlationOf(headers: Headers, newId: () => string): string {
  const given = headers.get("x-correlation-id");
  if (given !== null) return checkIdentifier("correlation id", given);
  return traceparentOf(headers).traceparent?.split("-")[1] ?? newId();
}

/** The caller's trace context; one that is not well-formed counts as none, as its specification wants. */
export function traceparentOf(headers: Headers): { readonly traceparent?: string } {
  const traceparent = headers.get("traceparent");
  return traceparent !== null && /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(traceparent) ? { traceparent } : {};
}
