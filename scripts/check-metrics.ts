// A real Prometheus scrapes a running order pipeline: `promtool check metrics` finds nothing, the target is up, and each security
// counter has moved by exactly one after its cause has happened once. Takes Debian's package `prometheus` where none is installed.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import type { ObservedFact } from "../src/core/ports.ts";
import { openDoor } from "../src/cli/serving.ts";
import { openLocal } from "pulsequeue/local";
import app from "../examples/order-pipeline/app.ts";
import { prometheusBinary } from "./prometheus.ts";

const folder = mkdtempSync(join(tmpdir(), "pulsequeue-prometheus-"));
/** How long Prometheus may take to have seen everything, milliseconds. */
const patience = 60_000;
let passed = 0;
let failed = 0;

function check(what: string, ok: boolean, detail = ""): void {
  if (ok) passed += 1;
  else failed += 1;
  process.stdout.write(`${ok ? "ok      " : "FAILED  "}${what}${detail === "" ? "" : `: ${detail}`}\n`);
}

const observers: ((fact: ObservedFact) => void)[] = [];
const file = join(folder, "orders.db");
const queue = await openLocal(app, {
  file,
  secrets: () => "a value",
  observe: (fact) => {
    for (const observe of observers) observe(fact);
  },
});
const door = await openDoor({ app, queue, file, isEncrypted: false, io: { env: {} }, options: { port: 0 }, observers });
try {
  await queue.start();
  const scope = { events: "*", endpoints: "*" } as const;
  const create = async (name: string, role: "viewer" | "publisher"): Promise<string> =>
    (await queue.keys.create({ name, scope: { ...scope, roles: [role] } }, { reason: "check" })).token ?? "";
  const viewer = await create("prometheus", "viewer");
  const publisher = await create("publisher", "publisher");
  await cause(publisher, viewer);
  checkFormat(await (await get("/metrics", viewer)).text());
  await scrape(viewer);
} finally {
  await door.close();
  await queue.close();
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${String(passed)} passed, ${String(failed)} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

function get(path: string, token: string): Promise<Response> {
  return fetch(`${door.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
}

/** Each refusal once. */
async function cause(publisher: string, viewer: string): Promise<void> {
  const refused: readonly (readonly [number, Promise<Response>])[] = [
    [401, get("/v1/events", "pq_00000000_wrong")],
    [403, publish(viewer, "{}")],
    [400, publish(publisher, "{}")],
  ];
  for (const [status, request] of refused) {
    const answer = await request;
    check(`a request is refused with ${String(status)}`, answer.status === status, `it was ${String(answer.status)}`);
  }
}

function publish(token: string, body: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/cloudevents+json" };
  return fetch(`${door.url}/v1/events`, { method: "POST", headers, body });
}

function checkFormat(text: string): void {
  const { status, stdout, stderr } = spawnSync(prometheusBinary("promtool", folder), ["check", "metrics"], { input: text, encoding: "utf8" });
  const remarks = `${stdout}${stderr}`.trim();
  check("promtool check metrics is clean", status === 0 && remarks === "", remarks);
}

async function scrape(token: string): Promise<void> {
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const target = door.url.replace("http://", "");
  const config = {
    global: { scrape_interval: "1s" },
    scrape_configs: [{ job_name: "pulsequeue", authorization: { credentials_file: tokenFile }, static_configs: [{ targets: [target] }] }],
  };
  const configFile = join(folder, "prometheus.yml");
  writeFileSync(configFile, JSON.stringify(config)); // JSON is YAML
  const port = await freePort();
  const flags = [`--config.file=${configFile}`, `--storage.tsdb.path=${join(folder, "data")}`, `--web.listen-address=127.0.0.1:${String(port)}`];
  const prometheus = spawn(prometheusBinary("prometheus", folder), flags, { stdio: "ignore" });
  const ended = new Promise((resolve) => prometheus.once("exit", resolve));
  try {
    const ask = async (query: string): Promise<number | undefined> => valueOf(`http://127.0.0.1:${String(port)}/api/v1/query?query=${query}`);
    const isUp = await until(async () => (await ask("up")) === 1);
    check("Prometheus says that the target is up", isUp);
    for (const [name, expected] of [
      ["pulsequeue_auth_failures_total", 1],
      ["pulsequeue_permission_denials_total", 1],
      ["pulsequeue_validation_rejects_total", 1],
      ["pulsequeue_sig_failures_total", 0],
      ["pulsequeue_rate_limited_total", 0],
      ["pulsequeue_audit_chain_ok", 1],
      ["pulsequeue_inspection_ok", 1],
    ] as const) {
      const value = await ask(name);
      check(`${name} is ${String(expected)}`, value === expected, `Prometheus has ${String(value)}`);
    }
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
