/** The door of an engine that `start` and `dev` run. */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { App } from "../core/app.ts";
import { isPulseQueueError, PulseQueueError } from "../core/errors.ts";
import type { Observer } from "../core/ports.ts";
import type { LocalQueue } from "../engines/local/index.ts";
import { environmentSecret } from "../machine/secrets.ts";
import { machineClock } from "../machine/clock.ts";
import { createHttpApp } from "../http/app.ts";
import { createAuthenticator } from "../http/identity/authenticator.ts";
import type { JwtOptions } from "../http/identity/jwt.ts";
import type { BackupResult } from "../http/options.ts";
import { loopback, serve, type HttpServer } from "../http/serve.ts";
import { loopbackNames } from "../http/target.ts";
import { createMetrics } from "../observe/metrics.ts";
import { recordConfiguration } from "./configuration.ts";
import { declaresPersonalData } from "./doctor.ts";
import { usageError } from "./exit.ts";
import { readManifest } from "./manifest.ts";
import type { Io } from "./output/io.ts";
import { presetPort, type ServingOptions } from "./serving-options.ts";
import { makeFolder } from "./with-file.ts";

/** Ports that are tried where none was asked for: two apps on one machine need no options. */
const tries = 20;

export interface DoorOptions {
  readonly app: App;
  readonly queue: LocalQueue;
  readonly file: string;
  /** Whether personal data is encrypted at rest. */
  readonly isEncrypted: boolean;
  readonly io: Pick<Io, "env">;
  readonly options: ServingOptions;
  /** Everything that the engine and the door observe goes to these; what the door needs is added. */
  readonly observers: Observer[];
}

/** Opens the door. Throws `LISTEN_REFUSED`, a usage error for options that cannot work. */
export async function openDoor({ app, queue, file, isEncrypted, io, options, observers }: DoorOptions): Promise<HttpServer> {
  const { behindProxy = false, allowHost = [] } = options;
  const named = io.env["PULSEQUEUE_HOST"] ?? "";
  const host = options.host ?? (named === "" ? "127.0.0.1" : named);
  if (!loopback.has(host) && !isEncrypted && declaresPersonalData(app.topology))
    throw new PulseQueueError(
      "LISTEN_REFUSED",
      `Personal data would be stored unencrypted, so the server does not listen on ${host}: give a master key with --key-file`,
    );
  const tls = tlsOf(options);
  const { version } = readManifest();
  const observe: Observer = (fact) => {
    for (const observer of observers) observer(fact);
  };
  const metrics = createMetrics({
    topology: app.topology,
    handlers: () => queue.inspect.handlers(),
    auditChain: async () => (await queue.ledger.verify()).ok,
    monotonic: () => machineClock.monotonic(),
  });
  observers.push(metrics.observe);
  const http = createHttpApp({
    app,
    queue,
    authenticator: createAuthenticator({
      keys: queue.keys,
      clock: machineClock,
      topology: app.topology,
      webhooks: { secret: environmentSecret, nonces: queue.nonces },
      ...jwtOf(options),
    }),
    clock: machineClock,
    observe,
    hosts: [...loopbackNames, ...(host.includes(":") ? [`[${host}]`] : [host]), ...allowHost],
    version,
    readiness: () => queue.readiness(),
    metrics: metrics.scrape,
    backup: async ({ by = "local", reason }) => {
      const entry = { by, action: "backup", reason } as const;
      try {
        const result = await backup(queue, file);
        await queue.ledger.append({ ...entry, subject: result.name, detail: { bytes: result.bytes } });
        return result;
      } catch (thrown) {
        await queue.ledger.append({ ...entry, subject: basename(file), result: "failed" }).catch(() => undefined);
        throw thrown;
      }
    },
    erase: (subject, given) => queue.erase(subject, given),
    listen: (listener) => {
      observers.push(listener);
      return () => {
        observers.splice(observers.indexOf(listener), 1);
      };
    },
  });
  const hasCredentials = options.jwtKeys !== undefined || (await queue.keys.list()).some((key) => key.state === "active");
  const asked = options.port ?? envPort(io);
  for (let port = asked ?? presetPort; ; port += 1) {
    try {
      const server = await serve(http, { host, port, behindProxy, hasCredentials, ...(tls === undefined ? {} : { tls }) });
      try {
        await recordConfiguration(queue.ledger, { app, version, url: server.url, certificate: tls?.cert, isEncrypted, options });
      } catch (thrown) {
        await server.close(0);
        throw thrown;
      }
      return server;
    } catch (thrown) {
      const isTaken = isPulseQueueError(thrown) && thrown.cause !== undefined;
      if (!isTaken || asked !== undefined || port >= presetPort + tries) throw thrown;
    }
  }
}

function envPort({ env }: Pick<Io, "env">): number | undefined {
  const text = env["PULSEQUEUE_PORT"] ?? "";
  if (text === "") return undefined;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw usageError("PULSEQUEUE_PORT is no port", "Give a whole number from 0 to 65535.");
  return Number(text);
}

function jwtOf({ jwtIssuer: issuer, jwtAudience: audience, jwtKeys, jwtTenantClaim }: ServingOptions): { readonly jwt?: JwtOptions } {
  if (issuer === undefined && audience === undefined && jwtKeys === undefined) return {};
  if (issuer === undefined || audience === undefined || jwtKeys === undefined || !URL.canParse(jwtKeys) || new URL(jwtKeys).protocol !== "https:")
    throw usageError("Tokens need an issuer, an audience and the issuer's keys", "Give --jwt-issuer, --jwt-audience, and --jwt-keys with an https address.");
  return { jwt: { issuer, audience, keys: new URL(jwtKeys), ...(jwtTenantClaim === undefined ? {} : { tenantClaim: jwtTenantClaim }) } };
}

function tlsOf({ tlsCert, tlsKey }: ServingOptions): { readonly cert: string; readonly key: string } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw usageError("TLS needs a certificate and its key", "Give both --tls-cert and --tls-key.");
  const read = (path: string, option: string): string => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      throw usageError(`The file of ${option} cannot be read`, "Give the path of a PEM file that this user may read.");
    }
  };
  return { cert: read(tlsCert, "--tls-cert"), key: read(tlsKey, "--tls-key") };
}

/** Into a folder beside the file that only the server names, so that no caller chooses a path. */
async function backup(queue: LocalQueue, file: string): Promise<BackupResult> {
  const stamp = new Date(machineClock.now()).toISOString().replaceAll(/[:.]/g, "-");
  const name = `${basename(file)}-${stamp}`;
  const target = join(dirname(file), "backups", name);
  makeFolder(target);
  const { bytes } = await queue.backup(target);
  return { name, bytes };
}
