/**
 * `POST /v1/events`: CloudEvents in, receipts out, after the durable commit.
 *
 * One event is answered with 202 and its receipt, or with a problem. A batch is answered entry by entry, in its order: 202 where
 * all were accepted, 207 where at least one was not; the accepted ones are stored all the same. Sending a batch again is
 * harmless, since each event has an identity: its tenant, source and id, or the `Idempotency-Key` where it has no id.
 */
import type { App } from "../../core/app.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { AnyEvent } from "../../core/event.ts";
import type { Json } from "../../core/json.ts";
import { limits as core } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import type { Receipt } from "../../core/ports.ts";
import type { Publication, Queue } from "../../core/queue.ts";
import { problem } from "../../core/request.ts";
import { forbidden, includes } from "../access.ts";
import { traceparentOf, type Call, type Route } from "../call.ts";
import { decodeUtf8, parseJsonBody } from "../json-body.ts";
import type { HttpLimits } from "../options.ts";
import type { Refusals } from "../refusals.ts";
import { json, toError } from "../respond.ts";
import { readBinary, readStructured, type IncomingEvent } from "./cloud-event.ts";

export interface IngestOptions {
  readonly app: App;
  readonly queue: Queue;
  readonly limits: HttpLimits;
  readonly refusals: Refusals;
  /** Counts further events of one request against the principal's rate. */
  readonly spend: (principal: Principal, cost: number) => void;
}

const structured = "application/cloudevents+json";
const batch = "application/cloudevents-batch+json";
const path = "/v1/events";

/** What is told of an accepted event. */
interface Accepted {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  /** Whether it was there already; then nothing was stored. */
  readonly duplicate: boolean;
}

export function ingestRoutes(options: IngestOptions): readonly Route[] {
  const { limits } = options;

  const one = async (call: Call, event: IncomingEvent): Promise<Response> => {
    const accepted = await accept(options, call, event, idempotencyKey(call));
    return json(202, accepted, { location: `${path}/${encodeURIComponent(accepted.id)}?source=${encodeURIComponent(accepted.source)}` });
  };

  const many = async (call: Call): Promise<Response> => {
    const entries = parseJsonBody(decodeUtf8(await call.body.bytes(limits.batchBytes)), core.depth + 3);
    if (!Array.isArray(entries) || entries.length === 0) throw new PulseQueueError("REQUEST_INVALID", "A batch is a JSON array of at least one CloudEvent");
    if (entries.length > limits.batchEvents) throw new PulseQueueError("PAYLOAD_TOO_LARGE", `A batch holds ${String(limits.batchEvents)} events at most`);
    options.spend(call.principal, entries.length - 1);
    const results = await acceptEach(options, call, entries as readonly Json[]);
    return json(results.every(({ status }) => status === 202) ? 202 : 207, { results });
  };

  return [
    {
      method: "POST",
      path,
      access: { kind: "roles", roles: ["publisher"] },
      summary: "Publishes a CloudEvent, or a batch of them; answered after the durable commit.",
      query: [],
      isRepeatable: true,
      success: 202,
      consumes: [structured, batch, "application/json"],
      input: { description: "A CloudEvent 1.0, an array of them (batch), or the data alone with ce- headers (binary)." },
      async handle(call) {
        const { mediaType } = call.body;
        if (mediaType === batch) return await many(call);
        if (mediaType === structured) return await one(call, readStructured(await call.body.json()));
        if (!call.request.headers.has("ce-specversion"))
          throw new PulseQueueError("MEDIA_TYPE_UNSUPPORTED", `Send ${structured}, ${batch}, or JSON with ce- headers`);
        const data = await call.body.json();
        return await one(call, readBinary(call.request.headers, mediaType, data));
      },
    },
  ];
}

function idempotencyKey({ request }: Call): string | undefined {
  return request.headers.get("idempotency-key") ?? undefined;
}

async function accept({ app, queue }: IngestOptions, call: Call, incoming: IncomingEvent, key: string | undefined): Promise<Accepted> {
  const publication = publicationOf(app, call, incoming, key);
  const { event, data, options } = publication;
  try {
    return accepted(publication, await queue.publish(event, data, options));
  } catch (thrown) {
    throw refusalOf(thrown, incoming);
  }
}

/** What is told of one entry of a batch: it, or why it was refused. */
type Told = (Accepted & { readonly status: 202 }) | { readonly status: number };

/** All at once, so that they share a commit; each by itself, so that one which is refused keeps none of the others out. */
async function acceptEach(options: IngestOptions, call: Call, entries: readonly Json[]): Promise<readonly Told[]> {
  const key = idempotencyKey(call);
  const read = entries.map((entry, index) => readEntry(options, call, entry, key === undefined ? undefined : `${key}:${String(index)}`));
  const receipts = (await options.queue.publishEach(read.flatMap((one) => (one instanceof Error ? [] : [one.publication])))).values();
  const told: Told[] = [];
  for (const one of read) {
    const result = one instanceof Error ? one : receipts.next().value;
    if (one instanceof Error || result === undefined || result instanceof Error) {
      const error = one instanceof Error ? one : refusalOf(result, one.incoming);
      await options.refusals.refuse(error.code, path, call.principal.id);
      told.push(problem(error).body as { readonly status: number });
    } else told.push({ status: 202, ...accepted(one.publication, result) });
  }
  return told;
}

interface Entry {
  readonly incoming: IncomingEvent;
  readonly publication: Required<Publication>;
}

function readEntry({ app }: IngestOptions, call: Call, entry: Json, key: string | undefined): Entry | PulseQueueError {
  try {
    const incoming = readStructured(entry);
    return { incoming, publication: publicationOf(app, call, incoming, key) };
  } catch (thrown) {
    return toError(thrown);
  }
}

/** What the queue is to publish. Throws what refuses the event before the queue sees it. */
function publicationOf(app: App, { principal, request }: Call, incoming: IncomingEvent, key: string | undefined): Required<Publication> {
  const event = declaredEvent(app, principal, incoming);
  const id = incoming.id ?? key;
  if (id === undefined) throw new PulseQueueError("REQUEST_INVALID", "id is missing: give the event an id, or the request an Idempotency-Key");
  // A tenant's principal publishes for its tenant, whatever the event says; who belongs to none may name one.
  const tenant = principal.tenant ?? incoming.tenant;
  if (tenant !== (incoming.tenant ?? tenant)) throw forbidden();
  const { source, data } = incoming;
  if (source === app.name || source.startsWith(`${app.name}/`)) throw new PulseQueueError("ID_INVALID", "This source is the app's own: use another one");
  const options = {
    id,
    source,
    principal: principal.id,
    ...(incoming.key === undefined ? {} : { key: incoming.key }),
    ...(incoming.correlationId === undefined ? {} : { correlationId: incoming.correlationId }),
    ...(incoming.traceparent === undefined ? traceparentOf(request.headers) : { traceparent: incoming.traceparent }),
    ...(tenant === undefined ? {} : { tenant }),
  };
  return { event, data, options };
}

function accepted({ event, options: { source = "" } }: Required<Publication>, { id, duplicate }: Receipt): Accepted {
  return { id, type: event.name, source, duplicate };
}

/** The queue's refusal in the caller's words. */
function refusalOf(thrown: unknown, { id }: IncomingEvent): PulseQueueError {
  const error = toError(thrown);
  if (id !== undefined || error.code !== "IDENTITY_REUSED") return error;
  return new PulseQueueError("REQUEST_MISMATCH", "This Idempotency-Key was used with another event");
}

/** The event that may be published. What a principal may not publish is answered the same whether it is declared or not. */
function declaredEvent(app: App, principal: Principal, { type, version }: IncomingEvent): AnyEvent {
  if (!includes(principal.scope.events, type)) throw forbidden();
  const event = type.startsWith("pulsequeue.") ? undefined : app.topology.events.get(type);
  if (event === undefined) throw new PulseQueueError("EVENT_UNKNOWN", "The app does not know this event type");
  if (version !== undefined && version !== event.version)
    throw new PulseQueueError("VERSION_UNKNOWN", `The app takes version ${String(event.version)} of this event`);
  return event;
}
