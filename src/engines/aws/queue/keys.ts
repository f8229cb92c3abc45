/** API keys on DynamoDB: one item a key, read anew for each question, so that a revoked one is refused from its commit on. */
import { decodeSecrets, encodeScope, encodeSecrets, existing, keyList, keyView, newKey, rotated, type Key } from "../../../core/key-life.ts";
import { PulseQueueError } from "../../../core/errors.ts";
import { formatToken, type KeyStore } from "../../../core/keys.ts";
import type { LedgerAction } from "../../../core/ledger.ts";
import { checkReason, type OperationOptions } from "../../../core/operation.ts";
import type { System } from "../../../core/ports.ts";
import type { Scope } from "../../../core/principal.ts";
import { newKeyId, newSecret } from "../../../machine/key-secret.ts";
import type { AwsLedger } from "./ledger.ts";
import { needNumber, needText, numberOf, textOf, toItem, type Item } from "../items/attributes.ts";
import type { SystemTable, Write } from "./system-table.ts";

export interface AwsKeyStore extends KeyStore {
  /** Those of these keys that are not revoked yet, each with the write that revokes it. Throws `NOT_FOUND` for an id that no key has. */
  revocations(ids: readonly string[]): Promise<ReadonlyMap<string, Write>>;
}

const partition = "keys";

/** A key with the number that guards its item. */
interface Kept {
  readonly key: Key;
  readonly version: number;
}

export function createKeys(system: System, table: SystemTable, ledger: AwsLedger): AwsKeyStore {
  const now = (): number => system.clock.now();
  const load = async (id: string): Promise<Kept | undefined> => {
    const item = id === "" ? undefined : await table.get(partition, id);
    return item === undefined ? undefined : { key: keyOf(item), version: needNumber(item, "v") };
  };
  const known = async (id: string): Promise<Kept> => {
    const kept = await load(id);
    return { key: existing(kept?.key, id), version: kept?.version ?? 0 };
  };
  /** The key as `change` makes it, in one transaction with its entry. */
  const save = async (
    read: () => Promise<Kept | undefined>,
    change: (key: Key | undefined) => Key,
    action: LedgerAction,
    { reason, by = "local" }: OperationOptions,
  ): Promise<Key> => {
    for (let round = 1; ; round += 1) {
      const before = await read();
      const key = change(before?.key);
      const entry = { by, action, subject: key.id, reason, detail: { count: 1 } };
      if (await ledger.record(entry, [put(key, before?.version ?? 0)])) return key;
      if (!(await table.pause(round))) break;
    }
    throw new PulseQueueError("STORE_UNAVAILABLE", "The key is changed by too many at once: nothing was done", { retryAfter: 1_000 });
  };
  const revoked = (key: Key): Key => ({ ...key, revoked: now() });

  return {
    async create(given, options) {
      checkReason(options);
      const { secret, hash } = newSecret();
      const key = newKey(newKeyId(), hash, given, now());
      if (options.dryRun === true) return { key: keyView(key, key.created), token: undefined };
      await save(
        async () => undefined,
        () => key,
        "key-create",
        options,
      );
      return { key: keyView(key, key.created), token: formatToken(key.id, secret) };
    },
    async list() {
      return keyList((await table.all(partition)).map(keyOf), now());
    },
    async find(id) {
      return (await load(id))?.key;
    },
    async rotate(id, { overlap = "24h", ...options }) {
      checkReason(options);
      const { secret, hash } = newSecret();
      const change = (key: Key | undefined): Key => rotated(existing(key, id), hash, overlap, now());
      if (options.dryRun === true) return { key: keyView(change((await known(id)).key), now()), token: undefined };
      const saved = await save(() => known(id), change, "key-rotate", options);
      return { key: keyView(saved, now()), token: formatToken(id, secret) };
    },
    async revoke(id, options) {
      checkReason(options);
      const dryRun = options.dryRun === true;
      if ((await known(id)).key.revoked !== undefined) return { count: 0, dryRun };
      if (!dryRun)
        await save(
          () => known(id),
          (key) => revoked(existing(key, id)),
          "key-revoke",
          options,
        );
      return { count: 1, dryRun };
    },
    async revocations(ids) {
      const writes = new Map<string, Write>();
      for (const id of ids) {
        const { key, version } = await known(id);
        if (key.revoked === undefined) writes.set(id, put(revoked(key), version));
      }
      return writes;
    },
  };
}

function put({ id, name, scope, tenant, created, expires, revoked, secrets }: Key, version: number): Write {
  const guard =
    version === 0
      ? { ConditionExpression: "attribute_not_exists(p)" }
      : { ConditionExpression: "v = :before", ExpressionAttributeValues: toItem({ ":before": version }) };
  const shown = { na: name, sc: encodeScope(scope), te: tenant, cr: created, ex: expires, rv: revoked };
  return { Put: { Item: toItem({ p: partition, s: id, v: version + 1, se: encodeSecrets(secrets), ...shown }), ...guard } };
}

function keyOf(item: Item): Key {
  return {
    id: needText(item, "s"),
    name: needText(item, "na"),
    scope: JSON.parse(needText(item, "sc")) as Scope,
    tenant: textOf(item, "te"),
    created: needNumber(item, "cr"),
    expires: numberOf(item, "ex"),
    revoked: numberOf(item, "rv"),
    secrets: decodeSecrets(needText(item, "se")),
  };
}
