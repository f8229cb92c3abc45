/**
 * What the functions of the AWS engine really do, against what their roles may do: both ways. Each request that the simulated AWS
 * saw is looked up in the policies that were synthesized for the very app that sent it.
 */
import type { App } from "../../src/core/app.ts";
import { infrastructureOf, parseEnvironment, type Environment, type Statement } from "../../src/synth/index.ts";
import type { Call } from "../../src/testing/aws/service/service.ts";
import type { Witness } from "../aws/life.ts";

/** `handler Emit dynamodb:PutItem`: what kind of function, for what, which action. */
export type Grant = string;

export interface Ledger {
  readonly granted: Set<Grant>;
  readonly used: Set<Grant>;
  /** Requests that no statement allows. */
  readonly denied: Set<string>;
}

export function openLedger(): Ledger {
  return { granted: new Set(), used: new Set(), denied: new Set() };
}

interface Role {
  readonly kind: string;
  readonly statements: readonly Statement[];
}

/** Roles of every function of the apps, by the function's name; `""` is whoever asks the operations API. */
function rolesOf(app: App, environment: Environment): ReadonlyMap<string, Role> {
  const { variables, policies } = infrastructureOf(app.topology, environment);
  const role = (kind: string, name: string): readonly [string, Role] => [name, { kind, statements: policies.get(`role.${name}`)?.Statement ?? [] }];
  const api = role("api", variables.services.api.name);
  return new Map([
    ...Object.values(variables.handlers).map(({ name }) => role("handler", name)),
    ...Object.values(variables.endpoints).map(({ name }) => role("endpoint", name)),
    role("relay", variables.services.relay.name),
    role("ticker", variables.services.ticker.name),
    api,
    ["", api[1]] as const,
  ]);
}

/** Someone who writes what one AWS grants and what is used of it into the ledger. */
export function witnessOf(ledger: Ledger): Witness {
  let roles: ReadonlyMap<string, Role> = new Map();
  return {
    deployed(app) {
      const secrets = Object.fromEntries([...app.topology.secrets.keys()].map((name) => [name, "the test"]));
      roles = rolesOf(app, parseEnvironment({ ...values, secrets }));
      for (const { kind, statements } of roles.values())
        for (const { Sid, Effect, Action } of statements) if (Effect === "Allow") for (const action of Action) ledger.granted.add(`${kind} ${Sid} ${action}`);
    },
    record: (call) => {
      settle(ledger, call, roles);
    },
  };
}

const values = {
  environment: "test",
  account: "123456789012",
  region: "eu-central-1",
  alarmTopic: "arn:aws:sns:eu-central-1:123456789012:alarms",
  owner: "simulation",
  logRetentionDays: 30,
  recoveryDays: 7,
  deletionProtection: false,
  throttle: { rate: 100, burst: 100 },
  backup: { days: 7 },
  jwt: { issuer: "https://id.example.com", audience: "simulation", keys: "https://id.example.com/keys" },
};

function settle({ used, denied }: Ledger, call: Call, roles: ReadonlyMap<string, Role>): void {
  const role = roles.get(call.function);
  // A function that the app no longer has may still run.
  if (role === undefined) return;
  for (const access of call.accesses) {
    const allowed = role.statements.filter((statement) => covers(statement, access));
    const grants = allowed.filter(({ Effect }) => Effect === "Allow");
    for (const { Sid } of grants) used.add(`${role.kind} ${Sid} ${access.action}`);
    if (grants.length === 0 || allowed.some(({ Effect }) => Effect === "Deny"))
      denied.add(`${role.kind} ${access.action} ${access.resource} ${(access.leadingKeys ?? []).map((key) => key.replaceAll(/[\dA-Z]{10,}/g, "…")).join(",")}`);
  }
}

function covers({ Action, Resource = [], Condition }: Statement, { action, resource, leadingKeys }: Call["accesses"][number]): boolean {
  if (!Action.includes(action) || !Resource.some((pattern) => isLike(pattern, resource))) return false;
  const patterns = Condition?.["ForAllValues:StringLike"]?.["dynamodb:LeadingKeys"];
  if (patterns === undefined) return true;
  return leadingKeys !== undefined && leadingKeys.every((key) => [patterns].flat().some((pattern) => isLike(pattern, key)));
}

/** `*` is any number of characters, `?` one. */
function isLike(pattern: string, text: string): boolean {
  const [head = "", ...parts] = pattern.split("*");
  if (parts.length === 0)
    return (
      head.length === text.length && Array.from({ length: head.length }, (_, index) => head[index]).every((sign, index) => sign === "?" || sign === text[index])
    );
  if (!text.startsWith(head)) return false;
  let at = head.length;
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1) return part === "" || (text.endsWith(part) && text.length - part.length >= at);
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}
