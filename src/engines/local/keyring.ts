/**
 * The keys that personal data is sealed with, in a file of their own beside the database, `<file>-keyring`. A backup of the
 * database does not copy it: so that destroying a person's key here makes the person's data unreadable in every backup too.
 *
 * Each person (and the app, for what has no subject) has a random key; all of them are wrapped (encrypted) by a key that is made from the master key,
 * which is not here. Persons are named by a keyed hash, since an id may be personal data itself. One JSON object a line:
 * the head, then a key or a tombstone each. New keys are appended and synced before anything sealed with them is stored; a line
 * that a crash cut short was never used. Destroying a key and changing the master key write the file anew and exchange it.
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { PulseQueueError } from "../../core/errors.ts";
import { syncFolder } from "./sync.ts";
import { randomKey } from "../../machine/random.ts";

export interface DataKey {
  /** Names the key inside this keyring; part of what was sealed with it. */
  readonly id: string;
  readonly key: Buffer;
}

export interface Keyring {
  /** Told by the database, so that no other keyring is taken for it. */
  readonly id: string;
  /** The key of a person, `undefined`: of the app; made where there is none. Durable after `flush`. */
  keyOf(subject: string | undefined): DataKey;
  /** `"erased"`: it was destroyed. `undefined`: it is of another keyring. */
  byId(id: string): DataKey | "erased" | undefined;
  /** Writes and syncs the keys that were made since. Throws what the file system throws; they are written by the next call then. */
  flush(): void;
  has(subject: string): boolean;
  /** Destroys the key of a person, durably; answers whether there was one. */
  erase(subject: string): boolean;
  /** How a person is named in records. */
  nameOf(subject: string): string;
  /** How many keys there are, destroyed ones not counted. */
  readonly size: number;
  /** Wraps every key anew, durably. */
  rewrap(master: Uint8Array): void;
  close(): void;
}

interface Head {
  readonly pulsequeue: "keyring";
  readonly version: 1;
  readonly id: string;
  /** The key that persons are hashed with, wrapped: also what shows that the master key is the right one. */
  readonly names: string;
}
interface Entry {
  readonly id: string;
  /** Keyed hash of the person. */
  readonly of: string;
  /** The wrapped key; none: it was destroyed. */
  readonly key?: string;
}

const app = "\u0000app";

/** Opens or makes the keyring at `path`; `undefined`: in memory. Throws `KEY_MISSING` where the master key is another one. */
export function openKeyring(path: string | undefined, master: Uint8Array): Keyring {
  let wrapping = wrappingKey(master);
  const found = path !== undefined && existsSync(path) ? readLines(path) : undefined;
  const head = found?.head ?? { pulsequeue: "keyring", version: 1, id: randomKey().toString("hex").slice(0, 32), names: wrap(wrapping, randomKey(), "names") };
  const names = unwrap(wrapping, head.names, "names");
  if (names === undefined) throw new PulseQueueError("KEY_MISSING", "This is not the master key that the keyring was made with");
  let headLine = head;
  const entries = new Map<string, Entry>();
  /** Ids by person, of keys that are not destroyed. */
  const current = new Map<string, string>();
  const keys = new Map<string, DataKey>();
  for (const entry of found?.entries ?? []) {
    entries.set(entry.id, entry);
    if (entry.key !== undefined) current.set(entry.of, entry.id);
  }
  let pending: Entry[] = [];
  let isTorn = false;
  let descriptor: number | undefined;

  const hashOf = (subject: string): string => createHmac("sha256", names).update(subject).digest("base64url").slice(0, 32);
  const rewrite = (): void => {
    if (path !== undefined) {
      replaceFile(path, [headLine, ...entries.values()].map((line) => `${JSON.stringify(line)}\n`).join(""));
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = openSync(path, "a", 0o600);
    }
    pending = [];
  };
  const load = (entry: Entry): DataKey | undefined => {
    const known = keys.get(entry.id);
    if (known !== undefined || entry.key === undefined) return known;
    const key = unwrap(wrapping, entry.key, `${entry.id} ${entry.of}`);
    if (key === undefined) throw new PulseQueueError("KEY_MISSING", "A key of the keyring is damaged");
    const loaded = { id: entry.id, key };
    keys.set(entry.id, loaded);
    return loaded;
  };
  if (found === undefined || found.isCut) rewrite();
  else if (path !== undefined) descriptor = openSync(path, "a", 0o600);

  return {
    id: head.id,
    keyOf(subject = app) {
      const of = hashOf(subject);
      const known = entries.get(current.get(of) ?? "");
      const loaded = known === undefined ? undefined : load(known);
      if (loaded !== undefined) return loaded;
      const made = { id: randomKey().toString("base64url").slice(0, 16), key: randomKey() };
      const entry = { id: made.id, of, key: wrap(wrapping, made.key, `${made.id} ${of}`) };
      entries.set(made.id, entry);
      current.set(of, made.id);
      keys.set(made.id, made);
      pending.push(entry);
      return made;
    },
    byId(id) {
      const entry = entries.get(id);
      if (entry === undefined) return undefined;
      return load(entry) ?? "erased";
    },
    flush() {
      if (pending.length === 0) return;
      if (isTorn) rewrite();
      else if (descriptor !== undefined) {
        isTorn = true; // until it is whole: a part of a line may be there, or nobody knows what is after a failed sync
        writeFileSync(descriptor, pending.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
        fsyncSync(descriptor);
      }
      isTorn = false;
      pending = [];
    },
    erase(subject) {
      const of = hashOf(subject);
      const id = current.get(of);
      const entry = entries.get(id ?? "");
      if (entry === undefined) return false;
      entries.set(entry.id, { id: entry.id, of });
      try {
        rewrite();
      } catch (thrown) {
        entries.set(entry.id, entry);
        throw thrown;
      }
      current.delete(of);
      keys.get(entry.id)?.key.fill(0);
      keys.delete(entry.id);
      return true;
    },
    has: (subject) => current.has(hashOf(subject)),
    nameOf: (subject) => `subject:${hashOf(subject).slice(0, 16)}`,
    get size() {
      return current.size;
    },
    rewrap(next) {
      const before = { wrapping, headLine, entries: [...entries] };
      const opened = [...entries.values()].map((entry) => ({ entry, loaded: load(entry) }));
      wrapping = wrappingKey(next);
      headLine = { ...headLine, names: wrap(wrapping, names, "names") };
      for (const { entry, loaded } of opened) {
        if (loaded !== undefined) entries.set(entry.id, { ...entry, key: wrap(wrapping, loaded.key, `${entry.id} ${entry.of}`) });
      }
      try {
        rewrite();
      } catch (thrown) {
        ({ wrapping, headLine } = before);
        for (const [id, entry] of before.entries) entries.set(id, entry);
        throw thrown;
      }
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
      for (const { key } of keys.values()) key.fill(0);
      keys.clear();
    },
  };
}

function readLines(path: string): { readonly head: Head; readonly entries: readonly Entry[]; readonly isCut: boolean } {
  const text = readFileSync(path, "utf8");
  const lines = text.split("\n");
  const isCut = lines.pop() !== ""; // what follows the last line end: a line that a crash cut short
  try {
    const [head, ...entries] = lines.map((line) => JSON.parse(line) as unknown);
    if ((head as Partial<Head> | undefined)?.pulsequeue !== "keyring") throw new Error("no head");
    return { head: head as Head, entries: entries as Entry[], isCut };
  } catch (cause) {
    throw new PulseQueueError("KEY_MISSING", "The keyring cannot be read", { cause });
  }
}

/** Puts a file with `text` in the place of `path`: the old one or the new one is there, whatever happens. */
function replaceFile(path: string, text: string): void {
  const next = `${path}-next`;
  const descriptor = openSync(next, "w", 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(next, path);
  syncFolder(dirname(path));
}

function wrappingKey(master: Uint8Array): Buffer {
  return createHmac("sha256", master).update("pulsequeue wrapping key 1").digest();
}

const nonceBytes = 12;
const tagBytes = 16;

function wrap(wrapping: Buffer, key: Buffer, what: string): string {
  const nonce = randomKey().subarray(0, nonceBytes);
  return encrypt(wrapping, nonce, key, what).toString("base64url");
}

function unwrap(wrapping: Buffer, text: string, what: string): Buffer | undefined {
  return decrypt(wrapping, Buffer.from(text, "base64url"), what);
}

/** AES-256-GCM; nonce, ciphertext and tag in one. `what` is authenticated with it. */
export function encrypt(key: Buffer, nonce: Uint8Array, plain: Uint8Array, what: string): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(what, "utf8"));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** `undefined` for what was not made by `encrypt` with this key and `what`. */
export function decrypt(key: Buffer, sealed: Buffer, what: string): Buffer | undefined {
  if (sealed.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes }).setAAD(Buffer.from(what, "utf8"));
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, sealed.length - tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** A nonce that is made from what it encrypts: the same data gives the same text, and no two different data share one. */
export function syntheticNonce(key: Buffer, place: string, plain: string): Buffer {
  return createHmac("sha256", key)
    .update(`${String(place.length)} ${place} ${plain}`)
    .digest()
    .subarray(0, nonceBytes);
}
