/** What a running engine tells: its log, its metrics. */
import { canaryApp, mischief } from "../canary.ts";
import type { Experiment } from "../experiment.ts";
import { cloudEvent, note, on, problemsWhere, publishAs, sampleOf, structured, tokenOf } from "./tools.ts";

export const logs: Experiment = {
  name: "log-canaries",
  kind: "RUN",
  claim: "one correlation id leads from ingest over the handler to its effects, each attempt is logged once, and no line holds personal data or a secret",
  run: (lab) =>
    on(lab.open({ app: canaryApp, secrets: () => "canary-secret-value" }), async (bench) => {
      const token = await tokenOf(bench, ["publisher"]);
      const email = "canary-mail@example.org";
      const count = 10;
      for (let index = 0; index < count; index += 1) {
        const data = { id: `l-${String(index)}`, amount: index === 4 ? mischief.fails : 1, email };
        await bench.ask("/v1/events", { token, headers: structured, body: cloudEvent("canary.noted", data.id, data) });
      }
      await bench.queue.start();
      await bench.queue.idle();
      const lines = bench.log().map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
      const attempts = lines.filter((line) => line["outcome"] !== undefined);
      const expected = (count - 1) * 3 + 2; // note, follow and keep of each; the one that fails is tried twice
      const flow = attempts.filter(({ correlationId }) => correlationId === "l-1").map(({ handler }) => handler);
      const text = bench.log().join("\n");
      return {
        tried: attempts.length,
        value: `${String(attempts.length)} attempts in ${String(lines.length)} lines; flow l-1: ${flow.join(", ")}`,
        problems: problemsWhere(
          [attempts.length === expected, `${String(expected)} attempts have ${String(attempts.length)} lines`],
          [new Set(flow).size === 3, "one correlation id does not lead to every handler of its flow"],
          [!text.includes(email), "a line holds personal data"],
          [!text.includes("canary-secret-value"), "a line holds a secret"],
          [lines.some(({ message }) => message === "a canary"), "what a handler logs is not there"],
        ),
      };
    }),
};

const counters: Experiment = {
  name: "counters",
  kind: "ATTACK",
  claim: "each kind of refusal moves its own counter by exactly one, and strangers' words make no new series",
  run: (lab) =>
    on(lab.open({ app: canaryApp, limits: { principal: { perSecond: 0.001, burst: 6 } } }), async (bench) => {
      const token = await tokenOf(bench, ["publisher"]);
      const body = cloudEvent("canary.noted", "c-1", { id: "c-1", amount: 1 });
      const json = { "content-type": "application/json" };
      const causes: readonly (readonly [metric: string, cause: () => Promise<unknown>])[] = [
        ["pulsequeue_auth_failures_total", () => bench.ask("/v1/events", { headers: structured, body })],
        ["pulsequeue_validation_rejects_total", () => bench.ask("/v1/events", { token, headers: structured, body: "{" })],
        ["pulsequeue_permission_denials_total", () => bench.ask("/v1/ledger", { token })],
        ["pulsequeue_sig_failures_total", () => bench.ask("/canary-hook", { headers: json, body: "{}" })],
      ];
      const problems: string[] = [];
      const cause = async (metric: string, act: () => Promise<unknown>): Promise<void> => {
        const before = sampleOf(await bench.metrics(), metric) ?? Number.NaN;
        await act();
        const after = sampleOf(await bench.metrics(), metric) ?? Number.NaN;
        if (after - before !== 1) problems.push(`${metric} went from ${String(before)} to ${String(after)}`);
      };
      for (const [metric, act] of causes) await cause(metric, act);
      const seriesOf = (text: string): number => text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
      await bench.ask("/x"); // what is not there has one series, whatever it is called
      const before = seriesOf(await bench.metrics());
      for (let index = 0; index < 500; index += 1) await bench.ask(`/x-${String(index)}`);
      for (let index = 0; index < 200; index += 1) await bench.queue.publish(firstEvent(), { id: `k-${String(index)}`, amount: 1 });
      for (let left = 6; left > 0; left -= 1) await bench.ask("/v1/events", { token, headers: structured, body });
      await cause("pulsequeue_rate_limited_total", () => bench.ask("/v1/events", { token, headers: structured, body }));
      const after = seriesOf(await bench.metrics());
      if (after - before > 10) problems.push(`700 words of strangers made ${String(after - before)} series`);
      if (sampleOf(await bench.metrics(), "pulsequeue_audit_chain_ok") !== 1) problems.push("pulsequeue_audit_chain_ok is not 1");
      return { tried: causes.length + 1, value: `${String(causes.length + 1)} counters moved by one, ${String(after)} series`, problems };
    }),
};

function firstEvent() {
  const event = canaryApp.topology.events.get("canary.noted");
  if (event === undefined) throw new Error("the canary app has no event");
  return event;
}

const alert: Experiment = {
  name: "alert",
  kind: "RUN",
  claim: "a failure is on the metrics and in the log at once: the dead letter, its handler, its cause",
  run: (lab) =>
    on(lab.open({ app: canaryApp }), async (bench) => {
      const before = sampleOf(await bench.metrics(), "pulsequeue_dlq_depth");
      await note(bench, "a-1", mischief.refuses);
      await bench.queue.start();
      await bench.queue.idle();
      const depth = sampleOf(await bench.metrics(), "pulsequeue_dlq_depth");
      const line = bench.log().find((text) => text.includes('"level":"error"')) ?? "";
      return {
        tried: 1,
        value: `pulsequeue_dlq_depth ${String(before)} to ${String(depth)}; ${line.slice(0, 120)}`,
        problems: problemsWhere(
          [before === 0 && depth === 1, "the metric does not show the dead letter"],
          [line.includes("canary-note"), "the log does not name the handler"],
        ),
      };
    }),
};

const load: Experiment = {
  name: "load",
  kind: "RUN",
  claim: "under load every request is in the histogram, and so is every delivery in those of duration and of the time from end to end",
  run: (lab) =>
    on(lab.open({ app: canaryApp }), async (bench) => {
      const token = await tokenOf(bench, ["publisher"]);
      await bench.queue.start();
      const count = 1_000;
      const times: number[] = [];
      const sender = async (lane: number): Promise<void> => {
        for (let index = lane; index < count; index += 16) {
          const started = lab.monotonic();
          await publishAs(bench, token, `o-${String(index)}`);
          times.push(lab.monotonic() - started);
        }
      };
      await Promise.all(Array.from({ length: 16 }, (_, lane) => sender(lane)));
      await bench.queue.idle();
      const metrics = await bench.metrics();
      const [requests, deliveries, ends] = ["http_request_duration", "handler_duration", "end_to_end_latency"].map((name) =>
        sampleOf(metrics, `pulsequeue_${name}_seconds_count`),
      );
      const sum = (sampleOf(metrics, "pulsequeue_http_request_duration_seconds_sum") ?? 0) * 1_000;
      const sorted = times.sort((left, right) => left - right);
      const quantile = (part: number): string => (sorted[Math.floor(part * (count - 1))] ?? 0).toFixed(1);
      const mine = times.reduce((all, time) => all + time, 0);
      return {
        tried: count,
        value: `${String(count)} requests, p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms; ${String(deliveries)} deliveries`,
        problems: problemsWhere(
          [requests === count, `${String(count)} requests, ${String(requests)} in the histogram`],
          [deliveries === count * 3 && ends === count * 3, `${String(count * 3)} deliveries, ${String(deliveries)} and ${String(ends)} in the histograms`],
          [sum > 0 && sum <= mine, "the histogram's sum is more than what clients measured"],
        ),
      };
    }),
};

export const signalExperiments: readonly Experiment[] = [logs, counters, alert, load];
