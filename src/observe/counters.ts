/**
 * Which counters and histograms there are, and which observed fact moves which. Where they are kept is the meter's part: a registry
 * that Prometheus reads on one machine, what has grown since the last flush in a function.
 */
import type { ObservedFact, Observer, RefusalReason } from "../core/ports.ts";
import type { Topology } from "../core/topology.ts";

export type Labels<Label extends string> = Readonly<Record<Label, string>>;

export interface Meter {
  counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): (labels: Labels<Label>, by: number) => void;
  /** `buckets`: upper bounds, ascending, without infinity. Of `undefined` only its series begins, at 0. */
  histogram<Label extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly Label[],
  ): (labels: Labels<Label>, value: number | undefined) => void;
}

/** Seconds. Handlers that only touch tables take well under a millisecond; the longest timeouts are minutes. */
const durations = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Seconds from acceptance to the commit, retries included. */
const latencies = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600];

/** What an attempt can end as. */
const outcomes = ["done", "retrying", "scheduled", "dead"] as const;
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** The door hands in patterns. Should it ever hand in more than an app can have, they are counted together. */
const mostRoutes = 500;
const other = "other";

const refusals = {
  authentication: ["pulsequeue_auth_failures_total", "Requests without a valid credential."],
  signature: ["pulsequeue_sig_failures_total", "Requests whose signature is wrong, too old or seen before."],
  permission: ["pulsequeue_permission_denials_total", "Requests that the caller's roles, events, endpoints or tenant do not allow."],
  validation: ["pulsequeue_validation_rejects_total", "Requests whose content is not valid."],
  rate: ["pulsequeue_rate_limited_total", "Requests over the limit of their caller or address."],
} as const satisfies Record<RefusalReason, readonly [name: string, help: string]>;

export function countFacts(meter: Meter, { events, handlers }: Topology): Observer {
  const eventOf = bounded(new Set(events.keys()));
  const handlerOf = bounded(new Set(handlers.keys()));
  const routeOf = firstSeen(mostRoutes);
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) => meter.counter(name, help, labelNames);
  const histogram = <Label extends string>(name: string, help: string, buckets: readonly number[], ...labelNames: Label[]) =>
    meter.histogram(name, help, buckets, labelNames);

  const published = counter("pulsequeue_events_published_total", "Events published and stored, without those that handlers emit.", "event");
  const duplicates = counter("pulsequeue_duplicates_dropped_total", "Events published again with an identity that was there: nothing was stored.", "event");
  const deliveries = counter("pulsequeue_deliveries_total", "Attempts that ended, by how.", "handler", "event", "outcome");
  const retries = counter("pulsequeue_retries_total", "Attempts that failed and are tried again.", "handler");
  const dead = counter("pulsequeue_dead_letters_total", "Deliveries that ended as dead letters.", "handler");
  const conflicts = counter("pulsequeue_conflicts_total", "Batches that ran again, since rows they had read were changed by others.", "handler");
  const duration = histogram("pulsequeue_handler_duration_seconds", "How long an attempt ran.", durations, "handler");
  const latency = histogram(
    "pulsequeue_end_to_end_latency_seconds",
    "From an event's acceptance to the commit of its effects; a delay that was asked for counts.",
    latencies,
    "handler",
  );
  const requests = counter("pulsequeue_http_requests_total", "Requests answered.", "route", "method", "status");
  const requestDuration = histogram("pulsequeue_http_request_duration_seconds", "How long a request took.", durations, "route", "method");
  const refused = new Map(Object.entries(refusals).map(([reason, [name, help]]) => [reason, counter<never>(name, help)]));

  for (const event of events.keys()) for (const count of [published, duplicates]) count({ event }, 0);
  for (const handler of handlers.values()) {
    for (const count of [retries, dead, conflicts]) count({ handler: handler.name }, 0);
    for (const observe of [duration, latency]) observe({ handler: handler.name }, undefined);
    for (const { name: event } of handler.on) for (const outcome of outcomes) deliveries({ handler: handler.name, event, outcome }, 0);
  }

  return (fact: ObservedFact) => {
    switch (fact.type) {
      case "published": {
        const event = eventOf(fact.event);
        published({ event }, fact.count - fact.duplicates);
        duplicates({ event }, fact.duplicates);
        return;
      }
      case "settled": {
        const handler = handlerOf(fact.handler);
        deliveries({ handler, event: eventOf(fact.event), outcome: fact.state }, 1);
        duration({ handler }, fact.milliseconds / 1000);
        if (fact.state === "retrying") retries({ handler }, 1);
        if (fact.state === "dead") dead({ handler }, 1);
        if (fact.state === "done") latency({ handler }, fact.age / 1000);
        return;
      }
      case "conflict":
        // Endpoints meet conflicts too; they are counted together.
        conflicts({ handler: handlerOf(fact.handler) }, 1);
        return;
      case "request": {
        const route = routeOf(fact.route);
        const method = methods.has(fact.method) ? fact.method : other;
        requests({ route, method, status: String(fact.status) }, 1);
        requestDuration({ route, method }, fact.milliseconds / 1000);
        return;
      }
      case "refused":
        refused.get(fact.reason)?.({}, 1);
        return;
      case "log":
        return;
    }
  };
}

/** A name that is declared, or one word for every other. */
function bounded(declared: ReadonlySet<string>): (name: string) => string {
  return (name) => (declared.has(name) ? name : other);
}

/** The first `most` different names, or one word for every other. */
function firstSeen(most: number): (name: string) => string {
  const seen = new Set<string>();
  return (name) => {
    if (seen.size < most) seen.add(name);
    return seen.has(name) ? name : other;
  };
}
