/** API keys on SQLite. All of them are kept in memory too: a key is asked for with each request, and a revoked one is refused from its commit on. */
import { decodeSecrets, encodeScope, encodeSecrets, existing, keyList, keyView, newKey, rotated, type Key } from "../../core/key-life.ts";
import { formatToken, type KeyStore } from "../../core/keys.ts";
import type { NewLedgerEntry } from "../../core/ledger.ts";
import { checkReason, type OperationOptions } from "../../core/operation.ts";
import type { System } from "../../core/ports.ts";
import type { Scope } from "../../core/principal.ts";
import type { Committer } from "./committer.ts";
import type { LocalLedger } from "./ledger.ts";
import type { KeyRow, KeyStatements } from "./statements/keys.ts";
import { newKeyId, newSecret } from "../../machine/key-secret.ts";

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

  const known = (id: string): Key => existing(keys.get(id), id);
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
  const revoked = (id: string): Key => ({ ...known(id), revoked: now() });

  return {
    async create(given, options) {
      checkReason(options);
      const { secret, hash } = newSecret();
      const created = now();
      const key = newKey(newKeyId(), hash, given, created);
      if (options.dryRun === true) return { key: keyView(key, created), token: undefined };
      const saved = await save(() => key, "key-create", options);
      return { key: keyView(saved, created), token: formatToken(saved.id, secret) };
    },
    list: async () => keyList(keys.values(), now()),
    find: async (id) => keys.get(id),
    async rotate(id, { overlap = "24h", ...options }) {
      checkReason(options);
      const { secret, hash } = newSecret();
      const next = (): Key => rotated(known(id), hash, overlap, now());
      if (options.dryRun === true) return { key: keyView(next(), now()), token: undefined };
      const saved = await save(next, "key-rotate", options);
      return { key: keyView(saved, now()), token: formatToken(id, secret) };
    },
    async revoke(id, options) {
      checkReason(options);
      const dryRun = options.dryRun === true;
      if (known(id).revoked !== undefined) return { count: 0, dryRun };
      if (!dryRun) await save(() => revoked(id), "key-revoke", options);
      return { count: 1, dryRun };
    },
    notRevoked: (ids) => ids.filter((id) => known(id).revoked === undefined),
    revokeWithin(ids) {
      for (const id of ids) put(revoked(id));
    },
    revert: load,
  };
}

function toRow({ id, name, scope, tenant, created, expires, revoked, secrets }: Key): KeyRow {
  return [id, name, encodeScope(scope), tenant ?? null, created, expires ?? null, revoked ?? null, encodeSecrets(secrets)];
}

/** The row was checked when it was read. */
function fromRow([id, name, scope, tenant, created, expires, revoked, secrets]: KeyRow): Key {
  return {
    id,
    name,
    scope: JSON.parse(scope) as Scope,
    tenant: tenant ?? undefined,
    created,
    expires: expires ?? undefined,
    revoked: revoked ?? undefined,
    secrets: decodeSecrets(secrets),
  };
}
