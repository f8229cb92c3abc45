// A real Prometheus scrapes the order pipeline as `npm start` runs it, and beside it a small shop in which each cause of a security counter happens
// once: `promtool check metrics` finds nothing, both targets are up, and each counter has moved by exactly one. Takes Debian's package
// `prometheus` where none is installed; where that cannot be had either, it says SKIPPED and counts it.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { createAuthenticator, createHttpApp, serve } from "pulsequeue/http";
import { openLocal } from "pulsequeue/local";
import { createMetrics } from "pulsequeue/observe";
import type { ObservedFact } from "../src/core/ports.ts";
import { createGrowth } from "../src/observe/emf.ts";
import { createSummedMetrics, type Series, type Sums } from "../src/observe/sums.ts";
import orders from "../examples/order-pipeline/app.ts";
import { app as shop, batch, cloudEvent, structured } from "../test/http/door.ts";
import { projectRoot } from "../test/support/tree.ts";
import { NoPrometheus, prometheusBinary } from "./prometheus.ts";

const folder = mkdtempSync(join(tmpdir(), "pulsequeue-prometheus-"));
/** How long Prometheus may take to have seen everything, milliseconds. */
const patience = 60_000;
let passed = 0;
let failed = 0;
let skipped = 0;

function check(what: string, ok: boolean, detail = ""): void {
  if (ok) passed += 1;
  else failed += 1;
  process.stdout.write(`${ok ? "ok      " : "FAILED  "}${what}${ok || detail === "" ? "" : `: ${detail}`}\n`);
}

/** What must have moved once each cause has happened once. `query`: of the shop, as Prometheus has it. */
const counters: readonly (readonly [name: string, query: string])[] = [
  ["authentication failures", "pulsequeue_auth_failures_total"],
  ["permission denials", "pulsequeue_permission_denials_total"],
  ["rejected as not valid", "pulsequeue_validation_rejects_total"],
  ["wrong signatures", "pulsequeue_sig_failures_total"],
  ["rate limited", "pulsequeue_rate_limited_total"],
].map(([name = "", metric = ""]) => [name, `sum(${metric}{job="shop"})`]);
const dead: readonly (readonly [name: string, query: string])[] = [
  ["dead letters", 'sum(pulsequeue_dlq_depth{job="shop"})'],
  ["attempts that ended in a dead letter", 'sum(pulsequeue_deliveries_total{job="shop",outcome="dead"})'],
];

interface Service {
  readonly url: string;
  token(role: "viewer" | "publisher", name?: string): Promise<string>;
  close(): Promise<void>;
}

/** What one caller may send at once, in events: so few that it is soon met. */
const principal = { perSecond: 1, burst: 200 };

async function serveShop(): Promise<Service> {
  const observers: ((fact: ObservedFact) => void)[] = [];
  const observe = (fact: ObservedFact): void => {
    for (const observer of observers) observer(fact);
  };
  const queue = await openLocal(shop, { file: join(folder, "shop.db"), secrets: () => "a value", observe });
  const metrics = createMetrics({
    topology: shop.topology,
    handlers: () => queue.inspect.handlers(),
    auditChain: async () => (await queue.ledger.verify()).ok,
    monotonic: () => performance.now(),
  });
  observers.push(metrics.observe);
  const { keys, nonces } = queue;
  const authenticator = createAuthenticator({ keys, clock: Date, topology: shop.topology, webhooks: { secret: () => "a value", nonces } });
  const http = createHttpApp({ app: shop, queue, authenticator, observe, metrics: metrics.scrape, limits: { principal } });
  const server = await serve(http, { port: 0, hasCredentials: true });
  await queue.start();
  return {
    url: server.url,
    async token(role, owner = role) {
      const scope = { events: "*", endpoints: "*", roles: [role] } as const;
      return (await keys.create({ name: owner, scope }, { reason: "check" })).token ?? "";
    },
    async close() {
      await server.close();
      await queue.close();
    },
  };
}

/** `npm start` in a process of its own, with ten orders a second. */
async function startPipeline(): Promise<Service> {
  const file = join(folder, "orders.db");
  const main = join(projectRoot, "examples/order-pipeline/demo/live.ts");
  const args = ["--conditions=source", "--import", "tsx", main, "--file", file, "--port", "0", "--rate", "600"];
  const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let url = "";
  for await (const line of createInterface({ input: child.stdout })) {
    url = /http:\/\/[\d.:]+(?= answers)/.exec(line)?.[0] ?? "";
    if (url !== "") break;
  }
  child.stdout.resume();
  return {
    url,
    token: () => Promise.resolve(readFileSync(`${file}.key`, "utf8").trim()),
    async close() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

const services = { orders: await startPipeline(), shop: await serveShop() };
try {
  for (const [name, service] of Object.entries(services)) {
    const metrics = await fetch(`${service.url}/metrics`, { headers: bearer(await service.token("viewer", "promtool")) });
    checkFormat(name, await metrics.text());
  }
  checkFormat("a deployment of orders", await deploymentText());
  await scrape();
} catch (error) {
  if (!(error instanceof NoPrometheus)) throw error;
  skipped += 1;
  process.stdout.write(`SKIPPED  a real Prometheus: ${error.message}\n`);
} finally {
  for (const service of Object.values(services)) await service.close();
  rmSync(folder, { recursive: true, force: true });
}
if (skipped > 0) process.stdout.write(`${String(skipped)} skipped\n`);
process.stdout.write(`${String(passed)} passed, ${String(failed)} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** Each cause once. */
async function cause({ url, ...service }: Service): Promise<void> {
  const token = (role: "viewer" | "publisher", name?: string): Promise<string> => service.token(role, name);
  const publisher = await token("publisher");
  const post = async (path: string, headers: Readonly<Record<string, string>>, body: string): Promise<number> => {
    const answer = await fetch(`${url}${path}`, { method: "POST", headers, body });
    await answer.text();
    return answer.status;
  };
  const publish = (by: string, event: unknown): Promise<number> => post("/v1/events", { ...bearer(by), ...structured }, JSON.stringify(event));
  const expected: readonly (readonly [status: number, what: string, given: number])[] = [
    [401, "an unknown key", await publish("pq_00000000_wrong", cloudEvent())],
    [403, "a viewer who publishes", await publish(await token("viewer"), cloudEvent())],
    [400, "an event that is not valid", await publish(publisher, cloudEvent({ data: {} }))],
    [401, "a webhook without a signature", await post("/hooks", { "content-type": "application/json" }, "{}")],
    [429, "a principal over its rate", await flood(post, await token("publisher", "flood"))],
    [202, "an event whose handler gives up", await publish(publisher, cloudEvent({ id: "poison", data: { orderId: "o-1", quantity: 666 } }))],
  ];
  for (const [status, what, given] of expected) check(`${what} is answered with ${String(status)}`, given === status, `it was ${String(given)}`);
}

/** Sends so many events at once that the second time is over the rate; answers its status. */
async function flood(post: (path: string, headers: Readonly<Record<string, string>>, body: string) => Promise<number>, token: string): Promise<number> {
  const event = cloudEvent({ id: "flood" });
  const body = JSON.stringify(Array.from({ length: principal.burst - 50 }, () => event));
  const send = (): Promise<number> => post("/v1/events", { ...bearer(token), ...batch }, body);
  await send();
  return await send();
}

/** What a deployment of the order pipeline says, from sums as CloudWatch would have them. */
async function deploymentText(): Promise<string> {
  const { topology } = orders;
  const growth = createGrowth(topology);
  for (const milliseconds of [1, 30, 4_000])
    growth.observe({ type: "request", route: "/orders", method: "POST", status: 201, milliseconds, principal: "", correlationId: undefined });
  growth.observe({ type: "published", event: "order.placed", count: 3, duplicates: 1, correlationId: "c" });
  const grown = growth.take().flatMap(({ labels, growth: byName }) => [...byName].map(([name, by]) => ({ name, labels, by })));
  const keyOf = ({ name, labels }: Series): string => JSON.stringify([name, Object.entries(labels).sort()]);
  const known = new Map(grown.map((series) => [keyOf(series), series.by]));
  const sums: Sums = {
    recent: () => Promise.resolve(grown),
    of(series) {
      process.stdout.write(`a deployment of orders: one reading asks CloudWatch for ${String(series.length)} sums\n`);
      return Promise.resolve(series.map((one) => known.get(keyOf(one)) ?? 0));
    },
  };
  const options = { topology, sums, handlers: () => Promise.resolve([]), auditChain: () => Promise.resolve(true), monotonic: () => 0 };
  return (await createSummedMetrics(options).scrape()).text;
}

function checkFormat(name: string, text: string): void {
  const { status, stdout, stderr } = spawnSync(prometheusBinary("promtool", folder), ["check", "metrics"], { input: text, encoding: "utf8" });
  const remarks = `${stdout}${stderr}`.trim();
  check(`promtool check metrics is clean for ${name}`, status === 0 && remarks === "", remarks);
}

async function scrape(): Promise<void> {
  const scrapeConfigs = [];
  for (const [name, service] of Object.entries(services)) {
    const tokenFile = join(folder, `${name}.token`);
    writeFileSync(tokenFile, await service.token("viewer", "prometheus"), { mode: 0o600 });
    const target = service.url.replace("http://", "");
    scrapeConfigs.push({ job_name: name, authorization: { credentials_file: tokenFile }, static_configs: [{ targets: [target] }] });
  }
  const configFile = join(folder, "prometheus.yml");
  writeFileSync(configFile, JSON.stringify({ global: { scrape_interval: "1s" }, scrape_configs: scrapeConfigs })); // JSON is YAML
  const port = await freePort();
  const flags = [`--config.file=${configFile}`, `--storage.tsdb.path=${join(folder, "data")}`, `--web.listen-address=127.0.0.1:${String(port)}`];
  const prometheus = spawn(prometheusBinary("prometheus", folder), flags, { stdio: "ignore" });
  const ended = new Promise((resolve) => prometheus.once("exit", resolve));
  try {
    const ask = (query: string): Promise<number | undefined> => valueOf(`http://127.0.0.1:${String(port)}/api/v1/query?query=${encodeURIComponent(query)}`);
    check("Prometheus says that both targets are up", await until(async () => (await ask("sum(up)")) === 2));
    // Of what never happened there is no series yet.
    for (const [name, query] of [...counters, ...dead]) check(`before: no ${name}`, ((await ask(query)) ?? 0) === 0);
    await cause(services.shop);
    await until(async () => (await Promise.all([...counters, ...dead].map(([, query]) => ask(query)))).every((value) => (value ?? 0) >= 1));
    for (const [name, query] of [...counters, ...dead]) {
      const value = await ask(query);
      check(`after each cause once: ${name}`, value === 1, `Prometheus has ${String(value)}`);
    }
    const confirmed = 'sum(pulsequeue_deliveries_total{job="orders",event="order.placed",outcome="done"})';
    check("orders of the pipeline are seen", await until(async () => ((await ask(confirmed)) ?? 0) > 0));
    for (const metric of ["pulsequeue_audit_chain_ok", "pulsequeue_inspection_ok"]) check(`${metric} is 1 for both`, (await ask(`sum(${metric})`)) === 2);
  } finally {
    prometheus.kill("SIGTERM");
    await ended;
  }
}

async function valueOf(url: string): Promise<number | undefined> {
  try {
    const body = (await (await fetch(url)).json()) as { readonly data?: { readonly result?: readonly { readonly value?: readonly unknown[] }[] } };
    const value = body.data?.result?.[0]?.value?.[1];
    return value === undefined ? undefined : Number(value);
  } catch {
    return undefined; // it does not answer yet
  }
}

async function until(condition: () => Promise<boolean>): Promise<boolean> {
  for (const end = Date.now() + patience; Date.now() < end;) {
    if (await condition()) return true;
    await setTimeout(250);
  }
  return false;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}
