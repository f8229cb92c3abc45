/** What `start` and `dev` take about their HTTP server. */
import type { Command } from "commander";
import { countOption } from "./commands/options.ts";

export interface ServingOptions {
  readonly port?: number;
  readonly host?: string;
  readonly behindProxy?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly allowHost?: readonly string[];
  readonly jwtIssuer?: string;
  readonly jwtAudience?: string;
  readonly jwtKeys?: string;
  readonly jwtTenantClaim?: string;
}

/** Where none is asked for. */
export const presetPort = 8080;
export function addServing(command: Command): Command {
  return command
    .addOption(countOption("--port <n>", `port of the HTTP server (default: PULSEQUEUE_PORT, else the first free one from ${String(presetPort)})`, 0, 65_535))
    .option("--host <address>", "address of the HTTP server (default: PULSEQUEUE_HOST, else 127.0.0.1)")
    .option("--behind-proxy", "a proxy ends TLS and names the caller in X-Forwarded-For")
    .option("--tls-cert <file>", "certificate chain, PEM")
    .option("--tls-key <file>", "private key of the certificate, PEM")
    .option("--allow-host <name...>", "names that the server is called by, besides localhost")
    .option("--jwt-issuer <issuer>", "who must have issued a token (JWT): its `iss`")
    .option("--jwt-audience <audience>", "whom a token must be for: its `aud`")
    .option("--jwt-keys <url>", "https address of the issuer's public keys (JWKS)")
    .option("--jwt-tenant-claim <claim>", "the claim that names the tenant; tokens without it are then refused");
}

/** The options again, as arguments: for an engine in a process of its own. */
export function servingArgs(options: ServingOptions): readonly string[] {
  const { port, host, behindProxy, tlsCert, tlsKey, allowHost = [], jwtIssuer, jwtAudience, jwtKeys, jwtTenantClaim } = options;
  return [
    ...(port === undefined ? [] : ["--port", String(port)]),
    ...(host === undefined ? [] : ["--host", host]),
    ...(behindProxy === true ? ["--behind-proxy"] : []),
    ...(tlsCert === undefined ? [] : ["--tls-cert", tlsCert]),
    ...(tlsKey === undefined ? [] : ["--tls-key", tlsKey]),
    ...(allowHost.length === 0 ? [] : ["--allow-host", ...allowHost]),
    ...(jwtIssuer === undefined ? [] : ["--jwt-issuer", jwtIssuer]),
    ...(jwtAudience === undefined ? [] : ["--jwt-audience", jwtAudience]),
    ...(jwtKeys === undefined ? [] : ["--jwt-keys", jwtKeys]),
    ...(jwtTenantClaim === undefined ? [] : ["--jwt-tenant-claim", jwtTenantClaim]),
  ];
}
