/** The application's own endpoints. */
import type { App } from "../core/app.ts";
import type { EndpointDefinition } from "../core/endpoint.ts";
import { PulseQueueError, type ErrorCode } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { InvokeResponse, Queue } from "../core/queue.ts";
import { jsonSchemaOf } from "../core/schema.ts";
import { traceparentOf, type Call, type Route } from "./call.ts";
import { decodeUtf8 } from "./json-body.ts";
import { reasonOf, type Refusals } from "./refusals.ts";
import { baseHeaders } from "./respond.ts";

export interface EndpointRouteOptions {
  readonly app: App;
  readonly queue: Queue;
  readonly refusals: Refusals;
}

/** Paths that the door keeps for itself. */
const ownPaths = /^\/(?:v1(?:\/.*)?|healthz|readyz|metrics|version|openapi\.json|asyncapi\.json)$/i;

/** Throws `DECLARATION_INVALID` for an endpoint at a path of the door itself. */
export function endpointRoutes(options: EndpointRouteOptions): readonly Route[] {
  return [...options.app.topology.endpoints.values()].map((endpoint) => {
    if (ownPaths.test(endpoint.path))
      throw new PulseQueueError("DECLARATION_INVALID", `Endpoint ${endpoint.name}: the path ${endpoint.path} belongs to the server: choose another one`);
    return endpointRoute(options, endpoint);
  });
}

function endpointRoute({ queue, refusals }: EndpointRouteOptions, endpoint: EndpointDefinition): Route {
  const takesBody = endpoint.method !== "GET";
  return {
    method: endpoint.method,
    path: endpoint.path,
    access: { kind: "endpoint", name: endpoint.name, auth: endpoint.auth, scheme: endpoint.webhook?.scheme },
    isRepeatable: true,
    summary: `The endpoint ${endpoint.name} of the app.`,
    ...(takesBody ? { input: schemaOf(endpoint.input) } : {}),
    output: schemaOf(endpoint.output),
    async handle(call) {
      const { request, principal, params, query, correlationId } = call;
      if (!takesBody) await refuseBody(call);
      const body = takesBody ? await call.body.json() : undefined;
      const idempotencyKey = request.headers.get("idempotency-key") ?? undefined;
      const answer = await queue.invoke(endpoint, {
        ...(body === undefined ? {} : { body }),
        params,
        query,
        headers: headersFor(request.headers, endpoint),
        rawBody: takesBody ? decodeUtf8(await call.body.bytes(Infinity)) : "",
        principal: principal.id,
        ...(principal.tenant === undefined ? {} : { tenant: principal.tenant }),
        ...traceparentOf(request.headers),
        ...(correlationId === undefined ? {} : { correlationId }),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      });
      const code = codeOf(answer);
      if (code !== undefined && reasonOf(code) !== undefined) await refusals.refuse(code, endpoint.path, principal.id);
      return responseOf(answer);
    },
  };
}

function schemaOf(schema: EndpointDefinition["input"]): Json {
  return schema === undefined ? {} : (jsonSchemaOf(schema) ?? {});
}

async function refuseBody({ request, body }: Call): Promise<void> {
  const isFramed = (request.headers.get("content-length") ?? "0") !== "0" || request.headers.has("transfer-encoding");
  if (isFramed || (await body.bytes(0)).length > 0) throw new PulseQueueError("REQUEST_INVALID", "A GET has no body");
}

/** Headers as the endpoint sees them: without the credential that was checked already. */
function headersFor(headers: Headers, { auth }: EndpointDefinition): Readonly<Record<string, string>> {
  const isChecked = auth === "api-key" || auth === "jwt";
  return Object.fromEntries([...headers].filter(([name]) => !(isChecked && name === "authorization")));
}

/** The code where the engine refused the request by itself, before or instead of the endpoint. */
function codeOf({ status, headers, body }: InvokeResponse): ErrorCode | undefined {
  if (status < 400 || headers["content-type"] !== "application/problem+json") return undefined;
  const code = typeof body === "object" && body !== null && "code" in body ? body["code"] : undefined;
  return typeof code === "string" ? (code as ErrorCode) : undefined;
}

/** Headers that frame a message or belong to the connection: an endpoint that set one could desynchronise the next answer. */
const framing = new Set(["content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer", "te", "date"]);

function responseOf({ status, body, headers, replayed, correlationId }: InvokeResponse): Response {
  const all = new Headers(baseHeaders);
  if (body !== undefined) all.set("content-type", "application/json");
  for (const [name, value] of Object.entries(headers)) if (!framing.has(name.toLowerCase())) all.set(name, value);
  if (correlationId !== undefined) all.set("x-correlation-id", correlationId);
  if (replayed) all.set("idempotency-replayed", "true");
  const isEmpty = body === undefined || status === 204 || status === 205 || status === 304;
  return new Response(isEmpty ? null : JSON.stringify(body), { status, headers: all });
}
