/** Engines, doors and files for the audit's experiments. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import Database from "better-sqlite3";
import type { Ask, Bench, BenchOptions, Lab } from "../../audit/experiment.ts";
import type { App } from "../../core/app.ts";
import { isPulseQueueError } from "../../core/errors.ts";
import type { Observer } from "../../core/ports.ts";
import { openLocal } from "../../engines/local/open.ts";
import { createHttpApp } from "../../http/app.ts";
import { createAuthenticator } from "../../http/identity/authenticator.ts";
import { serve } from "../../http/serve.ts";
import { machineClock } from "../../machine/clock.ts";
import { createHide } from "../../observe/hide.ts";
import { lineOf } from "../../observe/lines.ts";
import { createMetrics } from "../../observe/metrics.ts";
import { virtualClock } from "../../testing/clock.ts";
import { applyTwice } from "./apply-twice.ts";

/** Of a caller far away: an address that documents use. */
const stranger = "203.0.113.7";
const masterKey = new Uint8Array(32).fill(7);

/** A laboratory with a folder of its own, which `close` removes. `backends`: see `Lab`. */
export function createLab(app: App, backends: Lab["backends"] = new Map()): Lab & { readonly close: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-audit-"));
  const path = (name: string): string => join(folder, name);
  return {
    app,
    path,
    backends,
    applyTwice,
    open: (options) => openBench(options, path),
    files: () => new Map(readdirSync(folder).map((name) => [name, readFileSync(path(name))])),
    copy: (from, to) => {
      copyFileSync(path(from), path(to));
    },
    tamper: (file, sql) => {
      const db = new Database(path(file));
      db.exec(sql);
      db.close();
    },
    listen: async (host, hasCredentials) => {
      const bench = await openLocal(app, { file: ":memory:", secrets: () => "none" });
      try {
        const http = createHttpApp({
          app,
          queue: bench,
          authenticator: { authenticate: () => Promise.reject(new Error("nobody")), isCurrent: async () => false },
        });
        const server = await serve(http, { host, port: 0, hasCredentials });
        await server.close(0);
        return undefined;
      } catch (thrown) {
        return isPulseQueueError(thrown) ? thrown.code : "INTERNAL";
      } finally {
        await bench.close();
      }
    },
    clock: () => {
      const clock = virtualClock();
      return {
        ...clock,
        advance: async (milliseconds) => {
          clock.advance(milliseconds);
          for (let turns = 0; turns < 20; turns += 1) await turn();
        },
      };
    },
    monotonic: () => machineClock.monotonic(),
    close: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function openBench(options: BenchOptions, path: Lab["path"]): Promise<Bench> {
  const { app, file, encrypted = true, secrets, clock = machineClock, retention, limits } = options;
  const lines: string[] = [];
  let requests = 0;
  const secret = secrets ?? ((name) => `value-of-${name}`);
  const { events, tables } = app.topology;
  const hide = createHide({
    pii: [...events.values(), ...tables.values()].flatMap((declared) => declared.pii),
    secrets: () => [...app.topology.secrets.keys()].flatMap((name) => secret(name) ?? []),
  });
  const observers: Observer[] = [
    (fact) => {
      const { level, message, fields } = lineOf(fact);
      lines.push(JSON.stringify({ level, message: hide.text(message), ...hide.fields(fields) }));
      if (fact.type === "request") requests += 1;
    },
  ];
  const observe: Observer = (fact) => {
    for (const observer of observers) observer(fact);
  };
  const queue = await openLocal(app, {
    file: file === undefined ? ":memory:" : path(file),
    clock,
    secrets: secret,
    observe,
    ...(encrypted ? { vault: { masterKey } } : {}),
    ...(retention === undefined ? {} : { retention: retention as "1d" }),
  });
  const metrics = createMetrics({
    topology: app.topology,
    handlers: () => queue.inspect.handlers(),
    auditChain: async () => (await queue.ledger.verify()).ok,
    monotonic: () => clock.monotonic(),
  });
  observers.push(metrics.observe);
  const http = createHttpApp({
    app,
    queue,
    authenticator: createAuthenticator({ keys: queue.keys, clock, topology: app.topology, webhooks: { secret, nonces: queue.nonces } }),
    clock,
    observe,
    metrics: metrics.scrape,
    ...(limits === undefined ? {} : { limits }),
  });
  return {
    queue,
    ask: (target, ask = {}) => http.fetch(requestOf(target, ask), { address: ask.local === true ? "127.0.0.1" : stranger, local: ask.local === true, target }),
    log: () => lines,
    metrics: async () => (await metrics.scrape()).text,
    requests: () => requests,
    close: async () => {
      http.close();
      await queue.close();
    },
  };
}

function requestOf(target: string, { method, token, headers = {}, body }: Ask): Request {
  const url = `http://localhost${target.startsWith("/") ? target : "/"}`;
  return new Request(URL.canParse(url) ? url : "http://localhost/", {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: { host: "localhost", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
}
