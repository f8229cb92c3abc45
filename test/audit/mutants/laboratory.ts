/** Faults in the running engine and its door: options that somebody set wrongly, and controls that do nothing. */
import type { Ask, Bench, BenchOptions, Lab } from "../../../src/audit/experiment.ts";
import { canaryApp } from "../../../src/audit/canary.ts";
import type { App } from "../../../src/core/app.ts";
import { sabotaged, type Mutant } from "./mutant.ts";

const opening =
  (change: (options: BenchOptions) => BenchOptions) =>
  (lab: Lab): Lab => ({ ...lab, open: (options) => lab.open(change(options)) });
const with_ =
  (change: (bench: Bench) => Partial<Bench>) =>
  (lab: Lab): Lab => ({
    ...lab,
    open: async (options) => {
      const bench = await lab.open(options);
      return { ...bench, ...change(bench) };
    },
  });
const asking = (change: (ask: Ask) => Ask) => with_((bench) => ({ ask: (path, ask = {}) => bench.ask(path, change(ask)) }));
const answering = (change: (response: Response) => Response | Promise<Response>) =>
  with_((bench) => ({ ask: async (path, ask) => change(await bench.ask(path, ask)) }));
const queue = (change: (queue: Bench["queue"]) => Partial<Bench["queue"]>) => with_((bench) => ({ queue: { ...bench.queue, ...change(bench.queue) } }));
/** What they were at the start, for ever. */
const stuck = with_((bench) => {
  const first = bench.metrics();
  return { metrics: () => first };
});
const nothing = { count: 0, dryRun: false } as const;

const encryption = opening((options) => ({ ...options, encrypted: false }));
const emptyBackup = opening((options) => (options.file === "backup.db" ? { app: options.app } : options));
const everybodyLocal = asking((ask) => ({ ...ask, local: true }));
const noTenants = queue(({ keys }) => ({ keys: { ...keys, create: ({ tenant: _none, ...key }, because) => keys.create(key, because) } }));
const silentLog = with_(() => ({ log: () => [] }));
const tellsAll = with_((bench) => ({
  log: () => [...bench.log(), '{"message":"body","outcome":"done","email":"canary-mail@example.org","token":"canary-payload-1"}'],
}));
const blindVerify = (lab: Lab): Lab => ({ ...lab, tamper: () => undefined });
const leaking = answering(async (response) => new Response(`${await response.text()}\n    at run (/srv/app/main.ts:3:1)`, response));

/** The app with events that take anything; their JSON Schemas are as they were. */
const lenient = (app: App): App => ({
  ...app,
  topology: {
    ...app.topology,
    events: new Map(
      [...app.topology.events].map(([name, event]) => [
        name,
        { ...event, schema: { "~standard": { ...event.schema["~standard"], validate: (value: unknown) => ({ value }) } } },
      ]),
    ),
  },
});

export const laboratoryMutants: readonly Mutant[] = [
  sabotaged(
    "I1",
    "an engine that lets a handler write what it did not declare",
    "grants",
    queue(({ inspect }) => ({ inspect: { ...inspect, deadLetters: async () => [] } })),
  ),
  sabotaged("D1", "no master key", "encryption", encryption),
  sabotaged("D2", "a backup of nothing", "restore", emptyBackup),
  sabotaged("D3", "a server that listens to everybody", "listening", (lab) => ({ ...lab, listen: async () => undefined })),
  sabotaged("N3", "a door that takes everybody for local", "closed-doors", everybodyLocal),
  sabotaged("N3", "keys without their tenant", "tenants", noTenants),
  sabotaged(
    "T2",
    "a door that accepts everything",
    "payloads",
    answering(() => new Response("{}", { status: 202 })),
  ),
  sabotaged(
    "T2",
    "a door that accepts nothing",
    "payloads",
    answering(() => new Response("{}", { status: 400 })),
  ),
  sabotaged("T2", "an engine that takes what its documents refuse", "generated-payloads", (lab) => ({ ...lab, app: lenient(lab.app) })),
  sabotaged(
    "T2",
    "a door that takes a batch unread",
    "generated-payloads",
    answering(() => Response.json({ results: Array.from({ length: 1_000 }, () => ({ status: 202 })) })),
  ),
  sabotaged("T2", "an engine that hands on what it stored, unread", "consumed-payloads", (lab) => ({
    ...lab,
    open: (options) => lab.open({ ...options, app: canaryApp }),
  })),
  sabotaged("T3", "errors with a stack", "errors", leaking),
  sabotaged(
    "T3",
    "bad events that count as done",
    "errors",
    queue(({ inspect }) => ({ inspect: { ...inspect, deadLetters: async () => [] } })),
  ),
  sabotaged(
    "S2",
    "a secret that is read once and for ever",
    "rotation",
    opening(({ secrets, ...options }) => ({
      ...options,
      secrets: (
        (first) => () =>
          first
      )(secrets?.("canary-secret") ?? ""),
    })),
  ),
  sabotaged("M1", "a log with personal data", "log-canaries", tellsAll),
  sabotaged("M2", "metrics that stand still", "counters", stuck),
  sabotaged(
    "M2",
    "a door without limits",
    "counters",
    opening(({ limits: _none, ...options }) => options),
  ),
  sabotaged("M4", "a log that says nothing", "alert", silentLog),
  sabotaged("A2", "attempts that are not logged", "log-canaries", silentLog),
  sabotaged("A3", "a verification that finds nothing", "ledger", blindVerify),
  sabotaged(
    "A4",
    "a journal that does not tell what was written",
    "change-feed",
    queue(({ inspect }) => ({
      inspect: { ...inspect, deliveries: async (filter) => (await inspect.deliveries(filter)).map((each) => ({ ...each, wrote: [] })) },
    })),
  ),
  sabotaged("P2", "two applies that do not see each other", "state-lock", (lab) => ({
    ...lab,
    backends: new Map([...lab.backends].map(([name, text]) => [name, text.replace('"use_lockfile": true', '"use_lockfile": false')])),
  })),
  sabotaged("P4", "a newer version that begins with a new file", "upgrade", (lab) => {
    let opened = 0;
    return { ...lab, open: ({ file: _file, ...options }) => lab.open({ ...options, file: `file-${String((opened += 1))}.db` }) };
  }),
  sabotaged("K5", "a failure that nobody sees", "alert", stuck),
  sabotaged("K6", "a backup of nothing", "restore", emptyBackup),
  sabotaged(
    "K9",
    "a request that is recorded twice",
    "access-records",
    with_((bench) => ({ requests: () => bench.requests() * 2 })),
  ),
  sabotaged("K9", "a record with the payload", "access-records", tellsAll),
  sabotaged("K11", "a histogram that misses requests", "load", stuck),
  sabotaged(
    "K17",
    "retention that was not set",
    "retention",
    opening(({ retention: _none, ...options }) => options),
  ),
  sabotaged("K18", "a backup of nothing", "restore", emptyBackup),
  sabotaged("R1", "a door that counts no refusal", "counters", stuck),
  sabotaged("R1", "threats that move no metric", "threats", stuck),
  sabotaged("R1", "an engine that takes altered data for its own", "threats", blindVerify),
  sabotaged(
    "R2",
    "a scope that holds everything",
    "incident-scope",
    queue(({ inspect }) => ({ inspect: { ...inspect, incident: () => inspect.incident({ since: 0 }) } })),
  ),
  sabotaged(
    "R3",
    "a containment that does nothing",
    "containment",
    queue(({ operate }) => ({ operate: { ...operate, contain: async () => ({ paused: [], revoked: [], dryRun: false }) } })),
  ),
  sabotaged(
    "R4",
    "an old key that is taken for another day",
    "eradication",
    queue(({ keys }) => ({ keys: { ...keys, rotate: (id, { overlap: _none, ...because }) => keys.rotate(id, because) } })),
  ),
  sabotaged(
    "R5",
    "a redrive that does nothing",
    "recovery",
    queue(({ operate }) => ({ operate: { ...operate, redrive: async () => nothing } })),
  ),
];
