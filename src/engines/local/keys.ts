/** API keys on SQLite. All of them are kept in memory too: a key is asked for with each request, and a revoked one is refused from its commit on. */
import { createHash } from "node:crypto";
import { parseDuration } from "../../core/duration.ts";
import { PulseQueueError } from "../../core/errors.ts";
import { checkNewKey, formatToken, type KeyStore, type KeyView, type StoredKey } from "../../core/keys.ts";
import type { NewLedgerEntry } from "../../core/ledger.ts";
import { checkReason, type OperationOptions } from "../../core/operation.ts";
import type { System } from "../../core/ports.ts";
import type { Scope } from "../../core/principal.ts";
import type { Committer } from "./committer.ts";
import type { LocalLedger } from "./ledger.ts";
import type { KeyRow, KeyStatements } from "./statements/keys.ts";
import { randomKey } from "./system.ts";
import { iso } from "./views.ts";

interface Key extends StoredKey {
  readonly name: string;
  readonly created: number;
}

export interface LocalKeyStore extends KeyStore {
  /** Those of these keys that are not revoked yet. Throws `NOT_FOUND` for an id that no key has. */
  notRevoked(ids: readonly string[]): readonly string[];
  /** Revokes inside the transaction of the caller, who calls `revert` if it fails. */
  revokeWithin(ids: readonly string[]): void;
  revert(): void;
}

export interface KeysOptions {
  readonly system: System;
  readonly statements: KeyStatements;
  readonly committer: Committer;
  readonly ledger: LocalLedger;
}

export function createKeys({ system, statements, committer, ledger }: KeysOptions): LocalKeyStore {
  const keys = new Map<string, Key>();
  const now = (): number => system.clock.now();
  const load = (): void => {
    keys.clear();
    for (const row of statements.all()) keys.set(row[0], fromRow(row));
  };
  load();
  /** Inside a transaction: nobody asks between this and its commit, since both happen in one turn of the event loop. */
  const put = (key: Key): void => {
    statements.put(toRow(key));
    keys.set(key.id, key);
  };

  const existing = (id: string): Key => {
    const key = keys.get(id);
    if (key === undefined) throw new PulseQueueError("NOT_FOUND", `There is no key ${JSON.stringify(id.slice(0, 64))}`);
    return key;
  };
  /** One commit: the key with its entry. */
  const save = (key: () => Key, action: NewLedgerEntry["action"], { reason, by = "local" }: OperationOptions): Promise<Key> => {
    return committer.submit({
      kind: "operate",
      bytes: 0,
      apply() {
        const saved = key();
        ledger.record({ by, action, subject: saved.id, reason, detail: { count: 1 } });
        put(saved);
        return saved;
      },
      revert: load,
    });
  };
  const revoked = (id: string): Key => ({ ...existing(id), revoked: now() });

  return {
    async create(given, options) {
      checkReason(options);
      checkNewKey(given);
      const { secret, hash } = newSecret();
      const created = now();
      const key: Key = {
        id: randomKey().toString("hex", 0, 8),
        name: given.name,
        scope: given.scope,
        tenant: given.tenant,
        created,
        expires: given.ttl === undefined ? undefined : created + parseDuration(given.ttl),
        revoked: undefined,
        secrets: [{ number: 1, hash, until: undefined }],
      };
      if (options.dryRun === true) return { key: viewOf(key, created), token: undefined };
      const saved = await save(() => key, "key-create", options);
      return { key: viewOf(saved, created), token: formatToken(saved.id, secret) };
    },
    list: async () => [...keys.values()].sort((left, right) => right.created - left.created).map((key) => viewOf(key, now())),
    find: async (id) => keys.get(id),
    async rotate(id, { overlap = "24h", ...options }) {
      checkReason(options);
      const { secret, hash } = newSecret();
      const length = parseDuration(overlap);
      const rotated = (): Key => {
        const key = existing(id);
        if (stateOf(key, now()) !== "active") throw new PulseQueueError("OPERATION_INVALID", `The key ${id} is ${stateOf(key, now())}: create a new one`);
        const last = key.secrets.at(-1);
        const kept = last === undefined ? [] : [{ ...last, until: now() + length }];
        return { ...key, secrets: [...kept, { number: (last?.number ?? 0) + 1, hash, until: undefined }] };
      };
      if (options.dryRun === true) return { key: viewOf(rotated(), now()), token: undefined };
      const saved = await save(rotated, "key-rotate", options);
      return { key: viewOf(saved, now()), token: formatToken(id, secret) };
    },
    async revoke(id, options) {
      checkReason(options);
      const dryRun = options.dryRun === true;
      if (existing(id).revoked !== undefined) return { count: 0, dryRun };
      if (!dryRun) await save(() => revoked(id), "key-revoke", options);
      return { count: 1, dryRun };
    },
    notRevoked: (ids) => ids.filter((id) => existing(id).revoked === undefined),
    revokeWithin(ids) {
      for (const id of ids) put(revoked(id));
    },
    revert: load,
  };
}

/** 256 random bits, and what is kept of them. */
function newSecret(): { readonly secret: string; readonly hash: string } {
  const secret = randomKey().toString("base64url");
  return { secret, hash: createHash("sha256").update(secret).digest("hex") };
}

function stateOf({ expires, revoked }: Key, now: number): KeyView["state"] {
  if (revoked !== undefined) return "revoked";
  return expires !== undefined && expires <= now ? "expired" : "active";
}

function viewOf(key: Key, now: number): KeyView {
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

function toRow({ id, name, scope, tenant, created, expires, revoked, secrets }: Key): KeyRow {
  const list = JSON.stringify(secrets.map(({ number, hash, until }) => [number, hash, until ?? null]));
  const { roles, events, endpoints } = scope;
  return [id, name, JSON.stringify({ roles, events, endpoints }), tenant ?? null, created, expires ?? null, revoked ?? null, list];
}

/** The row was checked when it was read. */
function fromRow([id, name, scope, tenant, created, expires, revoked, secrets]: KeyRow): Key {
  const list = JSON.parse(secrets) as [number, string, number | null][];
  return {
    id,
    name,
    scope: JSON.parse(scope) as Scope,
    tenant: tenant ?? undefined,
    created,
    expires: expires ?? undefined,
    revoked: revoked ?? undefined,
    secrets: list.map(([number, hash, until]) => ({ number, hash, until: until ?? undefined })),
  };
}
