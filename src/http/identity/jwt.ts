/** Tokens of an identity provider, by `jose`: its keys are fetched, kept, and fetched again for a key that is not known yet. */
import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, jwtVerify, type FetchImplementation, type JSONWebKeySet, type JWTPayload } from "jose";
import { PulseQueueError } from "../../core/errors.ts";
import { isStorableText } from "../../core/names.ts";
import type { Clock } from "../../core/ports.ts";
import { roles, type Principal, type Scope } from "../../core/principal.ts";

/** Signatures that are taken: all with a public key. `none` and those with a shared secret can never be. */
const publicKeyAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"] as const;
export type JwtAlgorithm = (typeof publicKeyAlgorithms)[number];

export interface JwtOptions {
  /** The `iss` that a token must have. */
  readonly issuer: string;
  /** One of the `aud` that a token must have. */
  readonly audience: string;
  /** Address of the issuer's keys (JWKS), or the keys themselves. */
  readonly keys: URL | JSONWebKeySet;
  /** @default ["RS256", "PS256", "ES256", "EdDSA"] */
  readonly algorithms?: readonly JwtAlgorithm[];
  /** Claim that names the tenant; a token without it is then refused. @default none: its principals belong to no tenant and see all */
  readonly tenantClaim?: string;
  /** Claims with roles, event types and endpoints, each a list or one text parted by spaces. @default "roles", "events", "endpoints" */
  readonly rolesClaim?: string;
  readonly eventsClaim?: string;
  readonly endpointsClaim?: string;
  /** How the keys are fetched. @default the machine's `fetch` */
  readonly fetch?: FetchImplementation;
}

export interface JwtVerifier {
  /** The principal of a token; `undefined` for one that is not valid now. Throws `UNAUTHENTICATED` with a time to wait where the keys cannot be fetched. */
  verify(token: string): Promise<Principal | undefined>;
}

/** How long fetched keys are used, and the least time between two fetches for unknown keys, milliseconds: nobody makes us fetch by sending nonsense. */
const cacheMaxAge = 10 * 60_000;
const cooldownDuration = 30_000;

/** Throws `DECLARATION_INVALID` for an algorithm that needs no public key. */
export function jwtVerifier(options: JwtOptions, clock: Pick<Clock, "now">): JwtVerifier {
  const algorithms = options.algorithms ?? ["RS256", "PS256", "ES256", "EdDSA"];
  const strange = algorithms.find((name) => !publicKeyAlgorithms.includes(name));
  if (strange !== undefined || algorithms.length === 0)
    throw new PulseQueueError("DECLARATION_INVALID", `The algorithms of tokens must be some of ${publicKeyAlgorithms.join(", ")}`);
  const keys =
    options.keys instanceof URL
      ? createRemoteJWKSet(options.keys, { cacheMaxAge, cooldownDuration, ...(options.fetch === undefined ? {} : { [customFetch]: options.fetch }) })
      : createLocalJWKSet(options.keys);
  return {
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer: options.issuer,
          audience: options.audience,
          algorithms: [...algorithms],
          currentDate: new Date(clock.now()),
          requiredClaims: ["iss", "aud", "sub", "exp"],
        });
        return principalOf(payload, options);
      } catch (cause) {
        const isOurs = cause instanceof errors.JOSEError && !(cause instanceof errors.JWKSTimeout) && cause.code !== "ERR_JOSE_GENERIC";
        if (isOurs) return undefined;
        throw new PulseQueueError("UNAUTHENTICATED", "The issuer's keys cannot be fetched", { cause, retryAfter: 1_000 });
      }
    },
  };
}

function principalOf(payload: JWTPayload, options: JwtOptions): Principal | undefined {
  const { iss, sub, exp } = payload;
  const { tenantClaim, rolesClaim = "roles", eventsClaim = "events", endpointsClaim = "endpoints" } = options;
  const tenant = tenantClaim === undefined ? undefined : payload[tenantClaim];
  if (iss === undefined || sub === undefined || exp === undefined) return undefined;
  if (tenantClaim !== undefined && (typeof tenant !== "string" || !isStorableText(tenant))) return undefined;
  const id = `jwt:${iss}|${sub}`;
  if (!isStorableText(id)) return undefined;
  const named = namesIn(payload[rolesClaim]);
  const scope: Scope = {
    roles: roles.filter((role) => named.includes(role)),
    events: allOrNames(payload[eventsClaim]),
    endpoints: allOrNames(payload[endpointsClaim]),
  };
  return { id, kind: "jwt", tenant: typeof tenant === "string" ? tenant : undefined, scope, credential: { number: 1, until: exp * 1_000 } };
}

function namesIn(claim: unknown): readonly string[] {
  if (typeof claim === "string") return claim.split(" ").filter(Boolean);
  return Array.isArray(claim) ? claim.filter((name) => typeof name === "string") : [];
}

function allOrNames(claim: unknown): readonly string[] | "*" {
  const names = namesIn(claim);
  return names.length === 1 && names[0] === "*" ? "*" : names.filter((name) => name !== "*");
}
