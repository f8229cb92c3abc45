import { PulseQueueError } from "../../core/errors.ts";
import type { Ledger } from "../../core/ledger.ts";
import { checkReason, type OperationOptions, type OperationResult } from "../../core/operation.ts";
import type { Keyring } from "./keyring.ts";
import { checkMasterKey, type LocalVault } from "./vault.ts";

interface Keeper {
  readonly vault: LocalVault | undefined;
  readonly ledger: Ledger;
}

/** Destroys a subject's key. It is recorded before: an erasure without a record cannot happen; that one failed is recorded by its caller. */
export async function eraseSubject({ vault, ledger }: Keeper, subject: string, options: OperationOptions): Promise<OperationResult> {
  const keyring = keyringFor(vault, options);
  const dryRun = options.dryRun === true;
  if (dryRun || !keyring.has(subject)) return { count: keyring.has(subject) ? 1 : 0, dryRun };
  await ledger.append({ by: options.by ?? "local", action: "erase", subject: keyring.nameOf(subject), reason: options.reason, detail: { count: 1 } });
  try {
    keyring.erase(subject);
  } catch (cause) {
    throw new PulseQueueError("STORE_FAILED", "The keyring cannot be written: nothing was erased", { cause });
  }
  return { count: 1, dryRun };
}

/** Wraps every key with another master key, and records it. */
export async function rotateMasterKey({ vault, ledger }: Keeper, masterKey: Uint8Array, options: OperationOptions): Promise<OperationResult> {
  const keyring = keyringFor(vault, options);
  const dryRun = options.dryRun === true;
  const count = keyring.size;
  checkMasterKey(masterKey);
  if (dryRun) return { count, dryRun };
  keyring.rewrap(masterKey);
  await ledger.append({ by: options.by ?? "local", action: "configuration", subject: "master key", reason: options.reason, detail: { count } });
  return { count, dryRun };
}

function keyringFor(vault: LocalVault | undefined, options: OperationOptions): Keyring {
  checkReason(options);
  if (vault === undefined) throw new PulseQueueError("KEY_MISSING", "Nothing of this file is encrypted: it was opened without a master key");
  return vault.keyring;
}
