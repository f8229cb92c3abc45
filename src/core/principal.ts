/** What a caller of the running application may be: who operates it, or who uses it. */
export const roles = ["publisher", "viewer", "operator", "auditor"] as const;

/**
 * `publisher`: publishes events and calls endpoints. `viewer`: reads events, deliveries, tables and dead letters, personal data
 * redacted. `operator`: viewer, and changes: pause, resume, redrive, discard, replay, backup, and reveal with a reason.
 * `auditor`: reads the audit ledger and verifies it.
 */
export type Role = (typeof roles)[number];

/** What a credential allows; `"*"` must be written out. */
export interface Scope {
  readonly roles: readonly Role[];
  /** Event types it may publish, for publishers. */
  readonly events: readonly string[] | "*";
  /** Names of endpoints it may call. */
  readonly endpoints: readonly string[] | "*";
}

/** Who was authenticated, from the credential alone: nothing of it comes from the body. */
export interface Principal {
  /** Stable and without a secret, e.g. `key:01J…`, `jwt:https://issuer|subject`, `webhook:stripe`, `anonymous`. */
  readonly id: string;
  readonly kind: "api-key" | "jwt" | "webhook" | "local" | "anonymous";
  /** The tenant whose data it sees; `undefined`: it belongs to none and sees all. */
  readonly tenant: string | undefined;
  readonly scope: Scope;
  /** Which of the caller's secrets it was, and when that ends (milliseconds since 1970): asked again on open connections. */
  readonly credential?: { readonly number: number; readonly until: number | undefined };
}
