/** The life of an API key: made, rotated, revoked, shown. What an engine adds is where keys are kept. */
import { parseDuration, type Duration } from "./duration.ts";
import { PulseQueueError } from "./errors.ts";
import { checkNewKey, type KeyView, type NewKey, type StoredKey } from "./keys.ts";
import type { Scope } from "./principal.ts";
import { iso } from "./views.ts";

/** A key as it is kept. Times in milliseconds since 1970. */
export interface Key extends StoredKey {
  readonly name: string;
  readonly created: number;
}

/** A new key. `hash`: SHA-256 of its secret, hexadecimal. Throws `KEY_SCOPE_INVALID`. */
export function newKey(id: string, hash: string, given: NewKey, now: number): Key {
  checkNewKey(given);
  return {
    id,
    name: given.name,
    scope: given.scope,
    tenant: given.tenant,
    created: now,
    expires: given.ttl === undefined ? undefined : now + parseDuration(given.ttl),
    revoked: undefined,
    secrets: [{ number: 1, hash, until: undefined }],
  };
}

/** The key with another secret; the one so far is accepted for `overlap`. Throws `OPERATION_INVALID` for one that is not active. */
export function rotated(key: Key, hash: string, overlap: Duration, now: number): Key {
  if (stateOf(key, now) !== "active") throw new PulseQueueError("OPERATION_INVALID", `The key ${key.id} is ${stateOf(key, now)}: create a new one`);
  const last = key.secrets.at(-1);
  const kept = last === undefined ? [] : [{ ...last, until: now + parseDuration(overlap) }];
  return { ...key, secrets: [...kept, { number: (last?.number ?? 0) + 1, hash, until: undefined }] };
}

/** The key that has this id. Throws `NOT_FOUND`. */
export function existing(key: Key | undefined, id: string): Key {
  if (key === undefined) throw new PulseQueueError("NOT_FOUND", `There is no key ${JSON.stringify(id.slice(0, 64))}`);
  return key;
}

export function keyView(key: Key, now: number): KeyView {
  const { id, name, scope, tenant, created, expires, revoked } = key;
  const overlap = key.secrets.find(({ until }) => until !== undefined && until > now)?.until;
  const time = (value: number | undefined): string | undefined => (value === undefined ? undefined : iso(value));
  return {
    id,
    name,
    scope,
    tenant,
    state: stateOf(key, now),
    created: iso(created),
    expires: time(expires),
    revoked: time(revoked),
    overlapUntil: time(overlap),
  };
}

/** Every key, the newest first. */
export function keyList(keys: Iterable<Key>, now: number): readonly KeyView[] {
  return [...keys].sort((left, right) => right.created - left.created).map((key) => keyView(key, now));
}

function stateOf({ expires, revoked }: Key, now: number): KeyView["state"] {
  if (revoked !== undefined) return "revoked";
  return expires !== undefined && expires <= now ? "expired" : "active";
}

/** The scope as text, its fields in one order. */
export function encodeScope({ roles, events, endpoints }: Scope): string {
  return JSON.stringify({ roles, events, endpoints });
}

export function encodeSecrets(secrets: StoredKey["secrets"]): string {
  return JSON.stringify(secrets.map(({ number, hash, until }) => [number, hash, until ?? null]));
}

export function decodeSecrets(text: string): StoredKey["secrets"] {
  const list = JSON.parse(text) as [number, string, number | null][];
  return list.map(([number, hash, until]) => ({ number, hash, until: until ?? undefined }));
}
