/**
 * Runs one request to an endpoint: validate, run, commit, answer. With an idempotency key the answer commits together with
 * the effects, so that the same request gets the same answer however often it is sent.
 */
import { reusedIdentity } from "./dispatch.ts";
import type { EndpointDefinition, EndpointResponse } from "./endpoint.ts";
import { isPulseQueueError, PulseQueueError, type Issue } from "./errors.ts";
import { decodeJson, encodeJson } from "./json.ts";
import { limits } from "./limits.ts";
import { checkIdentifier } from "./names.ts";
import { scrubError } from "./personal-data.ts";
import type { ClaimedAnswer, Store, StoredAnswer, System } from "./ports.ts";
import type { InvokeRequest, InvokeResponse } from "./queue.ts";
import { parseWith } from "./schema.ts";
import { Scope } from "./scope.ts";
import { openUnitOfWork } from "./unit-of-work.ts";

const maxConflicts = 50;
/** Longest run of one request, milliseconds: API Gateway gives up after 30 s. */
const requestTimeout = 29_000;

export interface RequestOptions {
  readonly system: System;
  readonly app: string;
  readonly store: Store;
  /** Requests with an idempotency key that run now. */
  readonly running: Set<string>;
}

/** Answers the request. Refusals are answers; rejects only with `STORE_…` errors. */
export async function runRequest(options: RequestOptions, endpoint: EndpointDefinition, request: InvokeRequest): Promise<InvokeResponse> {
  try {
    if (request.idempotencyKey === undefined) return await execute(options, endpoint, request, undefined);
    return await once(options, endpoint, request, checkIdentifier("idempotency key", request.idempotencyKey));
  } catch (thrown) {
    if (isPulseQueueError(thrown)) {
      if (thrown.code.startsWith("STORE_") || thrown.code === "QUEUE_CLOSED") throw thrown;
      return problem(thrown);
    }
    options.system.observe({
      type: "log",
      level: "error",
      message: "an endpoint failed",
      fields: { endpoint: endpoint.name, correlationId: request.correlationId, error: thrown },
    });
    return problem(new PulseQueueError("HANDLER_FAILED", `Endpoint ${endpoint.name} failed`, { cause: thrown }));
  }
}

async function once(options: RequestOptions, endpoint: EndpointDefinition, request: InvokeRequest, key: string): Promise<InvokeResponse> {
  const { system, store, running } = options;
  const id = [endpoint.name, request.tenant ?? "", request.principal ?? "", key].join("\u0000");
  const body = request.body === undefined ? "" : encodeJson(request.body, "The body", limits.eventBytes);
  const hash = system.hash(JSON.stringify([request.params ?? {}, request.query ?? {}, body]));
  const fingerprint = keyed(system, id, hash);
  if (running.has(id)) throw stillRunning();
  running.add(id);
  try {
    const taken = await store.claim(id);
    if (taken.state === "running") throw stillRunning();
    if (taken.state === "answered") {
      const known = taken.answer;
      return replay(known.fingerprint === hash ? { ...known, fingerprint } : known, fingerprint); // stored before there was a key
    }
    return await answered(options, endpoint, request, { request: id, fingerprint, claim: taken.claim });
  } finally {
    running.delete(id);
  }
}

/** Runs a request that was taken on. One without an answer to keep is given up: its repetition may succeed. */
async function answered(
  options: RequestOptions,
  endpoint: EndpointDefinition,
  request: InvokeRequest,
  identity: Omit<ClaimedAnswer, "answer">,
): Promise<InvokeResponse> {
  let isKept = false;
  try {
    const response = await execute(options, endpoint, request, identity);
    isKept = response.status < 400;
    return response;
  } finally {
    if (!isKept) await options.store.release(identity.request, identity.claim);
  }
}

function stillRunning(): PulseQueueError {
  return new PulseQueueError("REQUEST_IN_PROGRESS", "A request with this Idempotency-Key is still running", { retryAfter: 1_000 });
}

/**
 * A body may be personal data of which there is little to guess, so that its hash would tell it: where data is encrypted, the hash is
 * keyed too. Without a master key the data itself lies beside the hash, which then gives nothing away.
 */
function keyed({ hash, vault }: System, request: string, fingerprint: string): string {
  return vault === undefined ? fingerprint : hash(vault.seal(fingerprint, `request:${request}:`, undefined));
}

function replay(known: StoredAnswer, fingerprint: string): InvokeResponse {
  if (known.fingerprint !== fingerprint) throw new PulseQueueError("REQUEST_MISMATCH", "This Idempotency-Key was used with another request");
  return { ...(decodeJson(known.answer) as unknown as InvokeResponse), replayed: true };
}

async function execute(
  options: RequestOptions,
  endpoint: EndpointDefinition,
  request: InvokeRequest,
  identity: Omit<ClaimedAnswer, "answer"> | undefined,
): Promise<InvokeResponse> {
  const { system, store } = options;
  const input = endpoint.input === undefined ? request.body : parseWith(endpoint.input, request.body, "PAYLOAD_INVALID", "The body");
  for (let conflicts = 0; conflicts < maxConflicts; conflicts += 1) {
    const work = openUnitOfWork(store);
    const response = await call(options, endpoint, request, input, work, identity?.request ?? system.newId());
    const failed = response.status >= 400;
    if (failed) work.rollback();
    const answer = identity === undefined || failed ? undefined : { ...identity, answer: JSON.stringify(response) };
    if (work.size === 0 && answer === undefined) return response;
    const result = await store.commit({ settled: [], guards: work.guards, writes: work.writes, events: work.events, answer });
    if (result.outcome === "committed") {
      for (const event of work.events) event.sent?.();
      return response;
    }
    const reused = result.outcome === "identity-reused" ? work.events[result.index] : undefined;
    if (reused !== undefined) throw reusedIdentity(reused);
    const taken = identity === undefined ? undefined : await store.claim(identity.request, identity.claim);
    if (taken?.state === "answered") return replay(taken.answer, identity?.fingerprint ?? "");
    if (taken?.state === "running") throw stillRunning();
    system.observe({ type: "conflict", handler: endpoint.name });
  }
  throw new PulseQueueError("CONFLICT_PERSISTENT", `Endpoint ${endpoint.name} met ${String(maxConflicts)} conflicts in a row`, { retryAfter: 1_000 });
}

async function call(
  options: RequestOptions,
  endpoint: EndpointDefinition,
  request: InvokeRequest,
  input: unknown,
  work: ReturnType<typeof openUnitOfWork>,
  identity: string,
): Promise<InvokeResponse> {
  const { system, app } = options;
  const steps = { load: () => Promise.resolve(new Map<string, string>()), save: () => Promise.resolve(true) };
  const { tenant, correlationId, traceparent } = request;
  const origin = { tenant, correlationId, traceparent, principal: request.principal };
  const scope = new Scope({ system, app, owner: endpoint.name, grants: endpoint.grants, work }, { attempt: 1, event: undefined, origin, identity, steps });
  const call = {
    input,
    params: request.params ?? {},
    query: request.query ?? {},
    headers: request.headers ?? {},
    rawBody: request.rawBody ?? (request.body === undefined ? "" : JSON.stringify(request.body)),
    principal: request.principal ?? "anonymous",
  };
  let cancel: (() => void) | undefined;
  try {
    const timeout = new Promise<never>((_resolve, reject) => {
      cancel = system.clock.timer(requestTimeout, () => {
        const error = new PulseQueueError("HANDLER_TIMEOUT", `Endpoint ${endpoint.name} took longer than ${String(requestTimeout)} ms`);
        scope.close(error);
        reject(error);
      });
    });
    const response = await Promise.race([endpoint.handle(call, scope), timeout]);
    scope.checkInvariants();
    return { ...checked(endpoint, response), ...(correlationId === undefined ? {} : { correlationId }) };
  } catch (thrown) {
    throw scrubError(thrown, scope.hidden);
  } finally {
    cancel?.();
    scope.close();
  }
}

function checked(endpoint: EndpointDefinition, response: EndpointResponse): InvokeResponse {
  const status = response.status ?? 200;
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new PulseQueueError("HANDLER_FAILED", `Endpoint ${endpoint.name} answered the status ${String(status)}`);
  const body = response.body === undefined ? undefined : decodeJson(encodeJson(response.body, `The answer of ${endpoint.name}`, limits.rowBytes));
  if (status < 400 && endpoint.output !== undefined) parseWith(endpoint.output, body, "HANDLER_FAILED", `The answer of endpoint ${endpoint.name}`);
  return { status, body, headers: response.headers ?? {}, replayed: false };
}

/** An error as problem+json (RFC 9457): code, what it means, what to do; the data is not repeated. */
export function problem(error: PulseQueueError): InvokeResponse {
  const body = {
    type: `errors/${error.code}`,
    title: error.message,
    status: error.status,
    code: error.code,
    detail: error.fix,
    ...(error.issues.length > 0 ? { issues: error.issues.map((issue: Issue) => ({ ...issue })) } : {}),
  };
  const headers = {
    "content-type": "application/problem+json",
    ...(error.retryAfter === undefined ? {} : { "retry-after": String(Math.ceil(error.retryAfter / 1_000)) }),
  };
  return { status: error.status, body, headers, replayed: false };
}
