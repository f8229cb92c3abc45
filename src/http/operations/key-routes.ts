/**
 * API keys over HTTP. Nobody gives away more than they have: a key that is created or rotated has no role, event or endpoint that
 * its maker lacks, since the token of either is told to the maker. A tenant's principal knows the keys of its tenant alone.
 */
import { parseDuration, type Duration } from "../../core/duration.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import type { KeyStore, KeyView } from "../../core/keys.ts";
import { roles, type Principal, type Role, type Scope } from "../../core/principal.ts";
import { forbidden, hasRole, includes } from "../access.ts";
import type { Route } from "../call.ts";
import { json } from "../respond.ts";
import { actRoute, listOf, readAct, textsOf, type Fields } from "./act.ts";
import { choiceOf, notFound } from "./view.ts";

const names: Json = { anyOf: [{ const: "*" }, { type: "array", items: { type: "string" } }] };
const text: Json = { type: "string", maxLength: 256 };

export function keyRoutes(keys: KeyStore): readonly Route[] {
  const find = async (id: string, { tenant }: Principal): Promise<KeyView> => {
    const key = (await keys.list()).find((candidate) => candidate.id === id);
    if (key === undefined || (tenant !== undefined && key.tenant !== tenant)) throw notFound("key");
    return key;
  };
  return [
    {
      method: "GET",
      path: "/v1/keys",
      access: { kind: "roles", roles: ["operator", "auditor"] },
      summary: "Lists API keys, the newest first; nothing of their secrets.",
      query: [],
      async handle({ principal: { tenant } }) {
        return json(200, { keys: (await keys.list()).filter((key) => tenant === undefined || key.tenant === tenant) });
      },
    },
    {
      ...actRoute(
        "/v1/keys",
        "Makes an API key with no more rights than the caller's; its token is told in this answer and never again.",
        { name: text, roles: { type: "array", items: { enum: [...roles] }, minItems: 1 }, events: names, endpoints: names, tenant: text, ttl: text },
        async (call) => {
          const { options, fields } = await readAct(call, ["name", "roles", "events", "endpoints", "tenant", "ttl"]);
          const { name = "" } = textsOf(fields, ["name"]);
          const { tenant } = choiceOf(call.principal, textsOf(fields, ["tenant"]));
          const scope = scopeOf(fields);
          checkGrant(call.principal, scope);
          const key = { name, scope, ...(tenant === undefined ? {} : { tenant }), ...durationOf(fields, "ttl") };
          return json(201, await keys.create(key, options));
        },
      ),
      success: 201,
    },
    actRoute(
      "/v1/keys/:id/rotate",
      "Gives a key a new secret; the one so far is accepted for `overlap`, 24 h unless given.",
      { overlap: text },
      async (call) => {
        const { options, fields } = await readAct(call, ["overlap"]);
        const { id, scope } = await find(call.params["id"] ?? "", call.principal);
        checkGrant(call.principal, scope);
        return json(200, await keys.rotate(id, { ...options, ...durationOf(fields, "overlap") }));
      },
    ),
    actRoute("/v1/keys/:id/revoke", "Refuses a key from now on, for good, on open connections too.", {}, async (call) => {
      const { options } = await readAct(call);
      const { id } = await find(call.params["id"] ?? "", call.principal);
      return json(200, await keys.revoke(id, options));
    }),
  ];
}

function scopeOf({ roles: given = [], events = [], endpoints = [] }: Fields): Scope {
  return { roles: listOf("roles", given).map(roleOf), events: namesOf("events", events), endpoints: namesOf("endpoints", endpoints) };
}

function roleOf(name: string): Role {
  const role = roles.find((known) => known === name);
  if (role === undefined) throw new PulseQueueError("KEY_SCOPE_INVALID", `A role is one of ${roles.join(", ")}`);
  return role;
}

function namesOf(what: string, value: Json): readonly string[] | "*" {
  return value === "*" ? value : listOf(what, value);
}

function durationOf<Name extends string>(fields: Fields, name: Name): Partial<Record<Name, Duration>> {
  const value = textsOf(fields, [name])[name] as Duration | undefined;
  if (value === undefined) return {};
  try {
    parseDuration(value);
  } catch {
    throw new PulseQueueError("REQUEST_INVALID", `${name} must be a duration, e.g. "90d"`);
  }
  return { [name]: value } as Partial<Record<Name, Duration>>;
}

/** Throws `FORBIDDEN` where the scope holds what the principal's does not. */
function checkGrant(principal: Principal, { roles: granted, events, endpoints }: Scope): void {
  const own = principal.scope;
  const isWithin = (asked: readonly string[] | "*", held: readonly string[] | "*"): boolean =>
    asked === "*" ? held === "*" : asked.every((name) => includes(held, name));
  if (!granted.every((role) => hasRole(principal, [role])) || !isWithin(events, own.events) || !isWithin(endpoints, own.endpoints)) throw forbidden();
}
