/** What the server was started with: recorded whenever it differs from the last time, so that a change of who may come in, and of what the app is, has an author. */
import { createHash } from "node:crypto";
import type { App } from "../core/app.ts";
import type { Ledger } from "../core/ledger.ts";
import { loginName } from "./commands/options.ts";
import { graphOf } from "./graph.ts";
import { contractOf } from "./schema/contract.ts";
import type { ServingOptions } from "./serving-options.ts";

export interface StartedWith {
  readonly app: App;
  readonly version: string;
  /** The address that is listened to. */
  readonly url: string;
  /** Certificate chain, PEM. */
  readonly certificate: string | undefined;
  readonly isEncrypted: boolean;
  readonly options: ServingOptions;
}

const mark = "start ";

/** One entry, unless the last start was with the same. Nothing of a secret is in it. */
export async function recordConfiguration(ledger: Ledger, started: StartedWith): Promise<void> {
  const subject = `${mark}${textOf(started)}`.slice(0, 2_000);
  const known = (await ledger.entries({ action: "configuration", limit: 1_000 })).find((entry) => entry.subject.startsWith(mark));
  if (known?.subject === subject) return;
  const reason = known === undefined ? "the first start" : "started with another configuration";
  await ledger.append({ by: loginName(), action: "configuration", subject, reason });
}

/** The hash of all of it first: what is too long to be recorded is compared all the same. */
function textOf({ app, version, url, certificate, isEncrypted, options }: StartedWith): string {
  const { behindProxy = false, allowHost = [], jwtIssuer, jwtAudience, jwtKeys, jwtTenantClaim } = options;
  const keys = jwtKeys === undefined || !URL.canParse(jwtKeys) ? undefined : `${new URL(jwtKeys).origin}${new URL(jwtKeys).pathname}`;
  const shown = JSON.stringify({
    version,
    url,
    certificate: certificate === undefined ? null : hash(certificate),
    behindProxy,
    hosts: [...allowHost].sort(),
    jwt: keys === undefined ? null : { issuer: jwtIssuer, audience: jwtAudience, keys, tenantClaim: jwtTenantClaim ?? null },
    encrypted: isEncrypted,
    declaration: declarationOf(app),
  });
  return `${hash(shown)} ${shown}`;
}

/** A hash of what the app declares: names, schemas, grants, routes and who may call them, times. Code is not part of it. */
function declarationOf(app: App): string {
  const { endpoints, schedules } = app.topology;
  const routes = [...endpoints.values()].map(({ name, method, path, auth }) => [name, method, path, auth]);
  const times = [...schedules.values()].map(({ schedule }) => [schedule.name, schedule.cadence]);
  return hash(JSON.stringify([contractOf(app, undefined), graphOf(app), routes, times]));
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
