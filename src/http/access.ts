/** Who may do what. */
import { PulseQueueError } from "../core/errors.ts";
import type { Principal, Role } from "../core/principal.ts";
import type { Authenticator } from "./authenticator.ts";
import type { Access, Body } from "./call.ts";
import type { HttpLimits, Peer } from "./options.ts";

export const anonymous: Principal = { id: "anonymous", kind: "anonymous", tenant: undefined, scope: { roles: [], events: [], endpoints: [] } };

const local: Principal = { ...anonymous, id: "local", kind: "local" };

export interface AdmitOptions {
  readonly authenticator: Authenticator;
  readonly limits: HttpLimits;
  readonly request: Request;
  readonly peer: Peer;
  readonly path: string;
  readonly route: string;
  readonly access: Access;
  readonly body: Body;
}

/**
 * Who calls. Throws `UNAUTHENTICATED`, `SIGNATURE_INVALID`; what the body's reading throws, where a signature covers it. Whether
 * the principal may is for `authorise`, so that a denial is recorded under its name.
 */
export async function identify(options: AdmitOptions): Promise<Principal> {
  const { access, authenticator, peer, request, body } = options;
  const hasCredential = request.headers.get("authorization") !== null;
  if (access.kind === "open") return anonymous;
  if (access.kind === "roles" && access.local === true && peer.local && !hasCredential) return local;
  if (access.kind === "endpoint" && access.auth === "public") return anonymous;
  const accepts = access.kind === "endpoint" && access.auth !== "public" ? [access.auth] : (["api-key", "jwt"] as const);
  const isSigned = accepts.some((kind) => kind === "webhook");
  const credentials = {
    method: request.method,
    path: options.path,
    headers: request.headers,
    rawBody: isSigned ? await body.bytes(options.limits.bodyBytes) : new Uint8Array(),
    address: peer.address,
  };
  return await authenticator.authenticate(credentials, accepts, access.kind === "endpoint" ? access.name : options.route);
}

/** Throws `FORBIDDEN` unless the principal may use the route. */
export function authorise(access: Access, principal: Principal): void {
  if (access.kind === "open" || principal.kind === "local") return;
  if (access.kind === "roles") {
    if (!hasRole(principal, access.roles)) throw forbidden();
    return;
  }
  if (access.auth === "public" || access.auth === "webhook") return; // a signature is made for this endpoint and nothing else
  if (!hasRole(principal, ["publisher"]) || !includes(principal.scope.endpoints, access.name)) throw forbidden();
}

export function forbidden(): PulseQueueError {
  return new PulseQueueError("FORBIDDEN", "This credential does not allow that");
}

export function hasRole(principal: Principal, roles: readonly Role[]): boolean {
  return roles.some((role) => principal.scope.roles.includes(role));
}

export function includes(names: readonly string[] | "*", name: string): boolean {
  return names === "*" || names.includes(name);
}
