import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { defineApp, defineEvent, defineHandler, defineSecret } from "pulsequeue";
import { PulseQueueError } from "../core/errors.ts";
import type { ObservedFact } from "../core/ports.ts";
import { createTelemetry, starting } from "./telemetry.ts";

const placed = defineEvent("order.placed", { schema: z.object({ email: z.string() }), pii: ["email"] });
const card = defineSecret("card");
const app = defineApp("shop", { handlers: [defineHandler("confirm", { on: placed, secrets: [card], handle: () => undefined })] });
const context = { awsRequestId: "request-1", getRemainingTimeInMillis: () => 1_000 };

const done: ObservedFact = {
  type: "settled",
  handler: "confirm",
  event: "order.placed",
  eventId: "e-1",
  correlationId: "c-1",
  tenant: undefined,
  age: 4,
  state: "done",
  attempt: 1,
  milliseconds: 2,
  failure: undefined,
};

interface Metric {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [name: string]: unknown;
}

const written: string[] = [];
beforeEach(() => {
  vi.stubEnv("PULSEQUEUE_ENVIRONMENT", "prod");
  const write = (text: string | Uint8Array): boolean => {
    written.push(...String(text).split("\n").filter(Boolean));
    return true;
  };
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, "write").mockImplementation(write);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** What was written while the function ran, parsed. */
async function said(run: (observe: (fact: ObservedFact) => void) => unknown, secret: (name: string) => string | undefined = () => undefined) {
  written.length = 0;
  const { observe, wrap } = createTelemetry(app, secret);
  const error = await wrap<undefined, unknown>(async () => {
    await Promise.resolve();
    return run(observe);
  })(undefined, context).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const lines = written.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { error, log: lines.filter((line) => !("_aws" in line)), metrics: lines.filter((line) => "_aws" in line) as unknown as readonly Metric[] };
}

test("a line has level, time and message as on one machine, the correlation id of its fact and the request it belongs to", async () => {
  const failure = { code: "HANDLER_FAILED", message: "no", at: 0 } as const;
  const { log } = await said((observe) => {
    observe({ ...done, state: "dead", failure });
    observe(done); // for `debug`
  });
  expect(log).toEqual([
    {
      level: "error",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      message: "confirm dead",
      handler: "confirm",
      event: "order.placed",
      eventId: "e-1",
      correlationId: "c-1",
      attempt: 1,
      outcome: "dead",
      milliseconds: 2,
      code: "HANDLER_FAILED",
      reason: "no",
      requestId: "request-1",
    },
  ]);
});

test("personal data and the values of secrets are in no line; a field called like one of the logger's own stays", async () => {
  const fields = { email: "ada@example.org", service: "fulfilment", time: "noon", note: "paid with s3cr3t-value", error: new Error("refused s3cr3t-value") };
  const { log } = await said(
    (observe) => {
      observe({ type: "log", level: "warn", message: "s3cr3t-value", fields });
    },
    () => "s3cr3t-value",
  );
  expect(log[0]).toMatchObject({ level: "warn", message: "[secret]", email: "[redacted]", service: "fulfilment", note: "paid with [secret]" });
  expect(log[0]?.["time"]).not.toBe("noon");
  expect(JSON.stringify(log)).not.toContain("s3cr3t-value");
});

test("when an invocation ends, also in an error, each set of labels is one line in CloudWatch's format, and nothing is written twice", async () => {
  const { metrics, error } = await said((observe) => {
    observe(done);
    observe(done);
    throw new TypeError("no");
  });
  expect(error).toBeInstanceOf(TypeError);
  expect(metrics.find((line) => "pulsequeue_deliveries_total" in line)).toMatchObject({
    app: "shop",
    environment: "prod",
    handler: "confirm",
    event: "order.placed",
    outcome: "done",
    pulsequeue_deliveries_total: 2,
    _aws: {
      CloudWatchMetrics: [
        {
          Namespace: "PulseQueue",
          Dimensions: [["app", "environment", "handler", "event", "outcome"]],
          Metrics: [{ Name: "pulsequeue_deliveries_total", Unit: "None" }],
        },
      ],
    },
  });
  // 2 ms is in every bucket from 2.5 ms on.
  const buckets = metrics.filter((line) => "pulsequeue_handler_duration_seconds_bucket" in line).map((line) => line["le"]);
  expect(buckets).toEqual(["0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30", "60", "+Inf"]);
  expect(metrics.find((line) => "pulsequeue_handler_duration_seconds_sum" in line)).toMatchObject({
    pulsequeue_handler_duration_seconds_sum: 0.004,
    pulsequeue_handler_duration_seconds_count: 2,
  });
  for (const line of metrics) {
    expect("service" in line).toBe(false);
    for (const name of line._aws.CloudWatchMetrics[0]?.Dimensions.flat() ?? []) expect(typeof line[name]).toBe("string");
  }
  expect((await said(() => undefined)).metrics).toEqual([]);
});

test("Lambda is told the code of our errors, what is wrong and the way out", async () => {
  const missing = new PulseQueueError("SECRET_MISSING", "Secret card has no value");
  const { error } = await said(() => {
    throw missing;
  });
  expect(error).toMatchObject({ name: "SECRET_MISSING", message: `Secret card has no value. ${missing.fix}` });
  expect(() =>
    starting(() => {
      throw missing;
    }),
  ).toThrow(missing.fix);
});
