/** Seals personal data with the keys of a keyring. */
import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { PulseQueueError } from "../../core/errors.ts";
import type { Vault } from "../../core/vault.ts";
import type { VaultOptions } from "./options.ts";
import type { MetaStatements } from "./statements/meta.ts";
import { decrypt, encrypt, openKeyring, syntheticNonce, type DataKey, type Keyring } from "./keyring.ts";

export interface LocalVault extends Vault {
  readonly keyring: Keyring;
}

const masterKeyBytes = 32;

/** Throws `KEY_FILE_INVALID` for a key of another length. */
export function checkMasterKey(masterKey: Uint8Array): void {
  if (masterKey.length !== masterKeyBytes) throw new PulseQueueError("KEY_FILE_INVALID", `A master key has ${String(masterKeyBytes)} bytes`);
}

export function openVault(file: string, options: VaultOptions): LocalVault {
  const { masterKey } = options;
  checkMasterKey(masterKey);
  const keyring = openKeyring(keyringPath(file, options), masterKey);

  const sealWith = (key: DataKey, text: string, place: string): string => {
    const nonce = syntheticNonce(macKey(key), place, text);
    return `${key.id}.${encrypt(key.key, nonce, Buffer.from(text, "utf8"), place).toString("base64url")}`;
  };
  return {
    keyring,
    seal: (text, place, subject) => sealWith(keyring.keyOf(subject), text, place),
    sealBeside(text, place, token) {
      const key = keyring.byId(parts(token).id);
      return sealWith(key === undefined || key === "erased" ? keyring.keyOf(undefined) : key, text, place);
    },
    open(token, place) {
      const { id, sealed } = parts(token);
      const key = keyring.byId(id);
      if (key === "erased") return undefined;
      if (key === undefined) throw new PulseQueueError("KEY_MISSING", "Personal data was encrypted with a key that the keyring does not hold");
      const plain = decrypt(key.key, sealed, place);
      if (plain === undefined) throw new PulseQueueError("KEY_MISSING", "Encrypted personal data does not belong where it stands, or is damaged");
      return plain.toString("utf8");
    },
  };
}

/**
 * Opens the vault of a database and ties the database to its keyring, inside the caller's transaction. Throws `KEY_MISSING` where personal
 * data was encrypted before and there is no key now, or another keyring or none: nothing would be readable, and what is new would be sealed apart.
 */
export function bindVault(meta: MetaStatements, file: string, options: VaultOptions | undefined): LocalVault | undefined {
  const known = meta.get("keyring");
  if (options === undefined) {
    if (known !== undefined) throw new PulseQueueError("KEY_MISSING", "Personal data in this file is encrypted, and no master key was given");
    return undefined;
  }
  const path = keyringPath(file, options);
  if (known !== undefined && path !== undefined && !existsSync(path)) throw new PulseQueueError("KEY_MISSING", "The keyring of this file is not there");
  const vault = openVault(file, options);
  if (known !== undefined && known !== vault.keyring.id) {
    vault.keyring.close();
    throw new PulseQueueError("KEY_MISSING", "The keyring beside this file is not the one that its personal data was encrypted with");
  }
  meta.set("keyring", vault.keyring.id);
  return vault;
}

function keyringPath(file: string, { keyring }: VaultOptions): string | undefined {
  return keyring ?? (file === ":memory:" ? undefined : `${file}-keyring`);
}

function parts(token: string): { readonly id: string; readonly sealed: Buffer } {
  const dot = token.indexOf(".");
  return { id: token.slice(0, dot), sealed: Buffer.from(token.slice(dot + 1), "base64url") };
}

/** Nonces and texts have keys of their own. */
function macKey({ key }: DataKey): Buffer {
  return createHmac("sha256", key).update("pulsequeue nonce 1").digest();
}
