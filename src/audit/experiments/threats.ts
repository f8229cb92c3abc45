/** Every threat of the model that an engine can meet, caused: what is said to tell of it does. */
import { canaryApp, canarySecret, followed, mischief, raceApp } from "../canary.ts";
import type { Bench, BenchOptions, Experiment, Lab } from "../experiment.ts";
import { logs } from "./signals.ts";
import { because, note, on, publishAs, refusalOf, sampleOf, signed, structured, tokenOf } from "./tools.ts";

/** One threat, by its number in the model, and what tells of it: the name of a metric, the code of an error, a check of the audit. */
export interface Cause {
  readonly threat: number;
  readonly signal: string;
  /** Causes it; answers what is wrong with the signal. */
  readonly run: (lab: Lab) => Promise<readonly string[]>;
}

/** The metric's next scrape, once the threat was caused: `by` more than before. */
function moves(threat: number, signal: string, act: (bench: Bench) => Promise<unknown>, by = 1, options: () => Partial<BenchOptions> = () => ({})): Cause {
  return {
    threat,
    signal,
    run: (lab) =>
      on(lab.open({ app: canaryApp, ...options() }), async (bench) => {
        const before = sampleOf(await bench.metrics(), signal) ?? Number.NaN;
        await act(bench);
        const after = sampleOf(await bench.metrics(), signal) ?? Number.NaN;
        return after - before === by ? [] : [`${signal} went from ${String(before)} to ${String(after)}`];
      }),
  };
}

const denials = "pulsequeue_permission_denials_total";
const rejects = "pulsequeue_validation_rejects_total";
const chain = "pulsequeue_audit_chain_ok";

async function publishData(bench: Bench, token: string, data: string, attributes = ""): Promise<Response> {
  const body = `{"specversion":"1.0","type":"canary.noted","source":"https://audit.example","id":"t"${attributes},"data":${data}}`;
  return await bench.ask("/v1/events", { token, headers: structured, body });
}

/** Lets the handlers meet one event. */
async function handled(bench: Bench, amount: number): Promise<void> {
  await note(bench, "t", amount);
  await bench.queue.start();
  await bench.queue.idle();
}

/** A file with a dead letter and some entries in its ledger, with a change made past the engine. */
async function tampered(lab: Lab, threat: number, sql: string): Promise<string> {
  const file = `threat-${String(threat)}.db`;
  await on(lab.open({ app: canaryApp, file }), async (bench) => {
    await handled(bench, mischief.refuses);
    for (const subject of ["a", "b", "c"]) await bench.queue.ledger.append({ by: "audit", action: "reveal", subject, reason: because.reason });
    await bench.queue.operate.pause("canary-note", because);
  });
  lab.tamper(file, sql);
  return file;
}

/** The ledger was changed past the engine: its chain no longer holds. */
function broken(threat: number, sql: string): Cause {
  return {
    threat,
    signal: chain,
    async run(lab) {
      const file = await tampered(lab, threat, sql);
      const value = await on(lab.open({ app: canaryApp, file }), async (bench) => sampleOf(await bench.metrics(), chain));
      return value === 0 ? [] : [`${chain} is ${String(value)}`];
    },
  };
}

export const causes: readonly Cause[] = [
  moves(1, denials, async (bench) => {
    const scope = { roles: ["publisher"], events: ["another.event"], endpoints: "*" } as const;
    const { token = "" } = await bench.queue.keys.create({ name: "forger", scope }, because);
    return await publishAs(bench, token, "t");
  }),
  moves(
    2,
    "pulsequeue_sig_failures_total",
    async (bench) => {
      const headers = signed(Buffer.from(`value-of-${canarySecret.name}`).toString("base64"), "captured", "{}");
      for (let sent = 0; sent < 2; sent += 1) await bench.ask("/canary-hook", { headers, body: "{}" });
    },
    1,
    () => ({ secrets: (name) => Buffer.from(`value-of-${name}`).toString("base64") }),
  ),
  {
    threat: 5,
    signal: "STORE_CORRUPT",
    run: async (lab: Lab): Promise<readonly string[]> => {
      const file = await tampered(lab, 5, "UPDATE events SET data = replace(data, '666', '1')");
      const code = await refusalOf(() => on(lab.open({ app: canaryApp, file }), ({ queue }) => queue.operate.redrive({ all: true }, because)));
      return code === "STORE_CORRUPT" ? [] : [`an altered dead letter is answered with ${code ?? "a redrive"}`];
    },
  },
  broken(6, "UPDATE ledger SET reason = 'none' WHERE seq = 2"),
  moves(8, rejects, async (bench) => await publishData(bench, await tokenOf(bench, ["publisher"]), '{"id":"t","amount":1,"__proto__":{"polluted":1}}')),
  moves(9, rejects, async (bench) => await publishData(bench, await tokenOf(bench, ["publisher"]), '{"id":"t","amount":-1.5}')),
  moves(
    10,
    "pulsequeue_conflicts_total",
    async ({ queue }) => {
      await queue.publish(followed, { id: "last-one" });
      await queue.start();
      await queue.idle();
    },
    1,
    () => ({ app: raceApp() }),
  ),
  // Whoever denies a deed has to remove its entry.
  broken(11, "DELETE FROM ledger WHERE action = 'pause'"),
  {
    threat: 12,
    signal: "M1",
    run: async (lab: Lab): Promise<readonly string[]> => {
      const leaking: Lab = {
        ...lab,
        open: async (options) => {
          const bench = await lab.open(options);
          return { ...bench, log: () => [...bench.log(), '{"message":"a careless line","email":"canary-mail@example.org"}'] };
        },
      };
      const { problems } = await logs.run(leaking);
      return problems.includes("a line holds personal data") ? [] : ["personal data in a log line is not found"];
    },
  },
  moves(13, denials, async (bench) => await publishData(bench, await tokenOf(bench, ["publisher"], "a"), '{"id":"t","amount":1}', ',"tenantid":"b"')),
  moves(
    16,
    "pulsequeue_rate_limited_total",
    async (bench) => {
      const token = await tokenOf(bench, ["publisher"]);
      for (const id of ["t-1", "t-2"]) await publishAs(bench, token, id);
    },
    1,
    () => ({ limits: { principal: { perSecond: 0.001, burst: 1 } } }),
  ),
  moves(17, "pulsequeue_dlq_depth", async (bench) => {
    await handled(bench, mischief.refuses);
  }),
  moves(18, "pulsequeue_retries_total", async (bench) => {
    await handled(bench, mischief.fails);
  }),
  moves(19, "pulsequeue_dlq_depth", async (bench) => {
    await handled(bench, mischief.trespasses);
  }),
  moves(20, denials, async (bench) => {
    const token = await tokenOf(bench, ["viewer"]);
    return await bench.ask("/v1/handlers/canary-note/pause", { token, headers: { "content-type": "application/json" }, body: JSON.stringify({ reason: "x" }) });
  }),
];

const threats: Experiment = {
  name: "threats",
  kind: "ATTACK",
  claim: "each threat of the model that an engine can meet is caused, and what is said to tell of it does, at the next scrape",
  async run(lab) {
    const problems: string[] = [];
    for (const { threat, run } of causes) problems.push(...(await run(lab)).map((problem) => `threat ${String(threat)}: ${problem}`));
    return { tried: causes.length, value: `threats ${causes.map(({ threat }) => String(threat)).join(", ")} caused`, problems };
  },
};

export const threatExperiments: readonly Experiment[] = [threats];
