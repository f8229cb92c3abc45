/**
 * What Prometheus reads (https://prometheus.io/docs/practices/naming/). Counters follow the facts that the engine and the door
 * observe; gauges are read from the queue at each scrape. Labels are names that the app declares, patterns of routes and
 * outcomes, never an id, a key, a tenant or a caller's text: so the number of series is known from the declaration. Everything is in a
 * registry of its own, and every series that can be known beforehand starts at 0, so that the first increase is seen.
 */
import { Counter, Histogram, Registry } from "prom-client";
import type { ObservedFact, Observer, RefusalReason } from "../core/ports.ts";
import type { HandlerView } from "../core/queue.ts";
import type { Topology } from "../core/topology.ts";
import { createGauges, type GaugeSource } from "./gauges.ts";

export interface Metrics {
  /** Moves the counters. */
  readonly observe: Observer;
  /** What is scraped, format 0.0.4. Gauges of a queue that cannot be asked are left out; `pulsequeue_inspection_ok` is 0 then. */
  readonly scrape: () => Promise<{ readonly text: string; readonly contentType: string }>;
}

export interface MetricsOptions {
  readonly topology: Topology;
  readonly handlers: () => Promise<readonly HandlerView[]>;
  /** Whether the chain of the audit ledger holds. Asked at most once a minute. */
  readonly auditChain: () => Promise<boolean>;
  /** Milliseconds that never jump back. */
  readonly monotonic: () => number;
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

export function createMetrics(options: MetricsOptions): Metrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const counters = createCounters(registers, options.topology);
  const gauges = createGauges(registers, options satisfies GaugeSource);
  return {
    observe: counters,
    scrape: async () => {
      await gauges.refresh();
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}

/** The counters and histograms alone, in `registers`. */
export function createCounters(registers: Registry[], { events, handlers }: Topology): Observer {
  const eventOf = bounded(new Set(events.keys()));
  const handlerOf = bounded(new Set(handlers.keys()));
  const routeOf = firstSeen(mostRoutes);
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> =>
    new Counter({ name, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, buckets: number[], ...labelNames: Label[]): Histogram<Label> =>
    new Histogram({ name, help, buckets, labelNames, registers });

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
  const refused = Object.fromEntries(Object.entries(refusals).map(([reason, [name, help]]) => [reason, counter(name, help)])) as Record<RefusalReason, Counter>;

  for (const event of events.keys()) for (const each of [published, duplicates]) each.inc({ event }, 0);
  for (const handler of handlers.values()) {
    for (const each of [retries, dead, conflicts]) each.inc({ handler: handler.name }, 0);
    for (const each of [duration, latency]) each.zero({ handler: handler.name });
    for (const { name: event } of handler.on) for (const outcome of outcomes) deliveries.inc({ handler: handler.name, event, outcome }, 0);
  }

  return (fact: ObservedFact) => {
    switch (fact.type) {
      case "published": {
        const event = eventOf(fact.event);
        published.inc({ event }, fact.count - fact.duplicates);
        duplicates.inc({ event }, fact.duplicates);
        return;
      }
      case "settled": {
        const handler = handlerOf(fact.handler);
        deliveries.inc({ handler, event: eventOf(fact.event), outcome: fact.state });
        duration.observe({ handler }, fact.milliseconds / 1000);
        if (fact.state === "retrying") retries.inc({ handler });
        if (fact.state === "dead") dead.inc({ handler });
        if (fact.state === "done") latency.observe({ handler }, fact.age / 1000);
        return;
      }
      case "conflict":
        // Endpoints meet conflicts too; they are counted together.
        conflicts.inc({ handler: handlerOf(fact.handler) });
        return;
      case "request": {
        const route = routeOf(fact.route);
        const method = methods.has(fact.method) ? fact.method : other;
        requests.inc({ route, method, status: String(fact.status) });
        requestDuration.observe({ route, method }, fact.milliseconds / 1000);
        return;
      }
      case "refused":
        refused[fact.reason].inc();
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
