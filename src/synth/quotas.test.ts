import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineApp, type App } from "../core/app.ts";
import { defineEvent } from "../core/event.ts";
import { defineHandler } from "../core/handler.ts";
import { parseEnvironment } from "./environment.ts";
import { infrastructureOf } from "./infrastructure.ts";
import { quotaNeeds, quotaText, type QuotaNeed } from "./quotas.ts";

const event = (name: string) => defineEvent(name, { schema: z.object({ id: z.string() }), key: (data) => data.id });
const happened = event("order.happened");

function appOf(unordered: number, ordered = 0): App {
  const handlers = Array.from({ length: unordered + ordered }, (_, number) =>
    defineHandler(`handler-${String(number)}`, { on: happened, ordered: number >= unordered, handle: () => undefined }),
  );
  return defineApp("orders", { handlers });
}

function needsOf(app: App, region = "eu-central-1"): readonly QuotaNeed[] {
  const environment = parseEnvironment({
    environment: "prod",
    account: "111122223333",
    region,
    owner: "orders team",
    alarmTopic: `arn:aws:sns:${region}:111122223333:alarms`,
    logRetentionDays: 365,
    recoveryDays: 35,
    deletionProtection: true,
    throttle: { rate: 100, burst: 200 },
    backup: { days: 35 },
  });
  return quotaNeeds(infrastructureOf(app.topology, environment));
}
const said = (needs: readonly QuotaNeed[]): readonly string[] => needs.map(({ name, needed, initial }) => `${name}: ${String(needed)} of ${String(initial)}`);

describe("rules on one bus", () => {
  it("of 500 handlers are more than an account begins with", () => {
    expect(said(needsOf(appOf(500)))).toEqual(["Number of rules: 502 of 300"]);
  });

  it("up to the quota need nothing, the deployment's own two counted", () => {
    expect([said(needsOf(appOf(298))), said(needsOf(appOf(299)))]).toEqual([[], ["Number of rules: 301 of 300"]]);
  });

  it("are fewer in two regions", () => {
    expect([said(needsOf(appOf(98), "eu-south-1")), said(needsOf(appOf(99), "af-south-1"))]).toEqual([[], ["Number of rules: 101 of 100"]]);
  });

  it("are not needed by ordered handlers, which the relay feeds", () => {
    expect(said(needsOf(appOf(10, 490)))).toEqual([]);
  });
});

it("a pattern of more events than EventBridge takes is told", () => {
  const events = Array.from({ length: 60 }, (_, number) => event(`order.something-that-has-a-long-name-${String(number)}`));
  const all = defineHandler("all", { on: events as unknown as [typeof happened], handle: () => undefined });
  expect(said(needsOf(defineApp("orders", { handlers: [all] })))).toEqual([expect.stringMatching(/^Event pattern size: 2\d{3} of 2048$/)]);
});

it("roles of 1,000 functions are told, beside their rules", () => {
  expect(said(needsOf(appOf(1_000)))).toEqual(["Number of rules: 1002 of 300", "Roles per account: 1004 of 1000"]);
});

it("the way out names the quota, its code and the request", () => {
  const text = needsOf(appOf(500)).map((need) => quotaText(need, "eu-central-1"));
  expect(text).toEqual([
    [
      "needs 502 rules on one event bus, one for each handler that is not ordered; an account begins with 300, and an apply fails beyond",
      '  what to do: ask for more first, in the console under Service Quotas, Amazon EventBridge (CloudWatch Events), "Number of rules" (L-244521F2), or by',
      "  aws service-quotas request-service-quota-increase --region eu-central-1 --service-code events --quota-code L-244521F2 --desired-value 502",
    ].join("\n"),
  ]);
});
