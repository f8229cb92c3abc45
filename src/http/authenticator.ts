import type { EndpointAuth } from "../core/endpoint.ts";
import type { Principal } from "../core/principal.ts";

/** What of a request says who sent it. */
export interface Credentials {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  /** The body's bytes, for signatures. */
  readonly rawBody: Uint8Array;
  /** Address of the peer, for limits. */
  readonly address: string;
}

/** Finds out who calls. */
export interface Authenticator {
  /**
   * The principal of a valid credential of one of the kinds in `accepts`. Throws `UNAUTHENTICATED` (no credential or an unknown,
   * expired or revoked one), `SIGNATURE_INVALID` (a webhook).
   */
  authenticate(credentials: Credentials, accepts: readonly Exclude<EndpointAuth, "public">[], endpoint: string): Promise<Principal>;
  /** Whether the principal's credential still holds: asked again on open connections. */
  isCurrent(principal: Principal): Promise<boolean>;
}
