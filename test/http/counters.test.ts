import { describe, expect, test } from "vitest";
import { createMetrics } from "pulsequeue/observe";
import type { ObservedFact } from "../../src/core/ports.ts";
import { parseExposition } from "../support/exposition.ts";
import { app, cloudEvent, openDoor, publish, structured, type Ask } from "./door.ts";

const event = JSON.stringify(cloudEvent());
const post = { as: "publisher", headers: structured, body: event };

const causes: readonly (readonly [counter: string, path: string, ask: Ask])[] = [
  ["pulsequeue_auth_failures_total", "/v1/events", { ...post, as: "nobody" }],
  ["pulsequeue_sig_failures_total", "/hooks", { body: {}, headers: { "webhook-signature": "wrong" } }],
  ["pulsequeue_permission_denials_total", "/v1/events", { ...post, as: "viewer" }],
  ["pulsequeue_validation_rejects_total", "/v1/events", { ...post, body: "{" }],
  ["pulsequeue_validation_rejects_total", "/v1/events", { ...post, body: JSON.stringify(cloudEvent({ data: {} })) }],
  ["pulsequeue_validation_rejects_total", "/orders/1", { as: "publisher", body: { quantity: -1 } }],
  ["pulsequeue_rate_limited_total", "/v1/events", { ...post, as: "all" }],
];

describe("a counter moves by exactly one when its cause happens once, and no other one does", () => {
  test.each(causes)("%s: %s", async (counter, path, ask) => {
    let observe: (fact: ObservedFact) => void = () => undefined;
    await using door = await openDoor({
      observe: (fact) => observe(fact),
      ...(counter.includes("rate") ? { limits: { principal: { perSecond: 0.001, burst: 1 } } } : {}),
    });
    if (counter.includes("rate")) await publish(door, cloudEvent(), { as: "all" });
    const metrics = createMetrics({
      topology: app.topology,
      handlers: () => door.queue.inspect.handlers(),
      auditChain: () => Promise.resolve(true),
      monotonic: () => 0,
    });
    observe = metrics.observe;
    const read = async (): Promise<ReadonlyMap<string, number>> => {
      const { series } = parseExposition((await metrics.scrape()).text);
      const sums = new Map<string, number>();
      for (const [name, value] of series) {
        const family = /^pulsequeue_(?:auth_failures|sig_failures|permission_denials|validation_rejects|rate_limited)_total/.exec(name)?.[0];
        if (family !== undefined) sums.set(family, (sums.get(family) ?? 0) + value);
      }
      return sums;
    };
    const before = await read();
    await door.ask(path, ask);
    const after = await read();
    for (const [name, value] of after) expect([name, value - (before.get(name) ?? 0)]).toEqual([name, name === counter ? 1 : 0]);
    expect(after.size).toBe(5);
  });
});
