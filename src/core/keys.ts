/**
 * API keys. A key is shown once, as `pq_<id>_<secret>`; only the SHA-256 of its secret is kept. The secret is 256 random bits,
 * so nobody finds it by trying, and a slow hash would only slow down every request; a slow hash is for words that people choose.
 */
import type { Duration } from "./duration.ts";
import { PulseQueueError } from "./errors.ts";
import { isStorableText } from "./names.ts";
import { roles, type Scope } from "./principal.ts";
import type { OperationOptions, OperationResult } from "./operation.ts";

/** What a new key is for. */
export interface NewKey {
  /** Says to people whose it is. 1 to 256 characters. */
  readonly name: string;
  readonly scope: Scope;
  /** The tenant whose data it sees. @default none: it sees all */
  readonly tenant?: string;
  /** How long it is valid. @default until it is revoked */
  readonly ttl?: Duration;
}

/** A key as it is listed: nothing of its secret. */
export interface KeyView {
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  readonly tenant: string | undefined;
  readonly state: "active" | "expired" | "revoked";
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly expires: string | undefined;
  readonly revoked: string | undefined;
  /** While an earlier secret is accepted too: until when. */
  readonly overlapUntil: string | undefined;
}

/** A key with its token, the only time it is told. */
export interface IssuedKey {
  readonly key: KeyView;
  /** `pq_<id>_<secret>`; `undefined` in a dry run. */
  readonly token: string | undefined;
}

/** A key as a credential is compared with it. Times in milliseconds since 1970. */
export interface StoredKey {
  readonly id: string;
  readonly scope: Scope;
  readonly tenant: string | undefined;
  readonly expires: number | undefined;
  readonly revoked: number | undefined;
  /** The newest last. `hash`: SHA-256 of the secret, hexadecimal. `until`: accepted before that time. */
  readonly secrets: readonly { readonly number: number; readonly hash: string; readonly until: number | undefined }[];
}

export interface RotateOptions extends OperationOptions {
  /** How long the secret so far is accepted beside the new one. @default "24h"; "0s" ends it at once */
  readonly overlap?: Duration;
}

/** Every change is one commit with its entry in the ledger, and holds from its commit on: `find` never answers an older state. */
export interface KeyStore {
  /** Throws `KEY_SCOPE_INVALID`. */
  create(key: NewKey, options: OperationOptions): Promise<IssuedKey>;
  /** Every key, the newest first. */
  list(): Promise<readonly KeyView[]>;
  /** The key with this id, revoked and expired ones included. Cheap: it is asked for each request. */
  find(id: string): Promise<StoredKey | undefined>;
  /** Gives the key a new secret; its id, scope and everything recorded under it stay. Throws `NOT_FOUND`, `OPERATION_INVALID` for one that is revoked. */
  rotate(id: string, options: RotateOptions): Promise<IssuedKey>;
  /** Refuses the key from now on, for good. Throws `NOT_FOUND`; a count of 0 says that it was revoked before. */
  revoke(id: string, options: OperationOptions): Promise<OperationResult>;
}

const tokenPattern = /^pq_([\da-z]{8,32})_([\w-]{43})$/;

export function formatToken(id: string, secret: string): string {
  return `pq_${id}_${secret}`;
}

/** The parts of a token; `undefined` for a text that is none. */
export function parseToken(token: string): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = tokenPattern.exec(token) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** Throws `KEY_SCOPE_INVALID` unless the key can be made: known roles, names, `"*"` written out. */
export function checkNewKey({ name, scope, tenant }: NewKey): void {
  const refuse = (reason: string): never => {
    throw new PulseQueueError("KEY_SCOPE_INVALID", reason);
  };
  if (!isStorableText(name)) refuse("A key needs a name of 1 to 256 characters");
  if (tenant !== undefined && !isStorableText(tenant)) refuse("A tenant is 1 to 256 characters without control characters");
  if (scope.roles.length === 0) refuse(`A key needs at least one role of ${roles.join(", ")}`);
  for (const role of scope.roles) if (!roles.includes(role)) refuse(`A role is one of ${roles.join(", ")}`);
  for (const names of [scope.events, scope.endpoints]) {
    if (names !== "*" && names.some((entry) => entry === "*" || !isStorableText(entry)))
      refuse('Events and endpoints are named one by one, or all of them as "*"');
  }
}
