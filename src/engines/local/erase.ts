import { PulseQueueError } from "../../core/errors.ts";
import type { Ledger } from "../../core/ledger.ts";
import { checkReason, type OperationOptions, type OperationResult } from "../../core/operation.ts";
import type { LocalVault } from "./vault.ts";

/** Destroys a subject's key. It is recorded before: an erasure without a record cannot happen, one that failed is recorded too. */
export async function eraseSubject(
  { vault, ledger }: { readonly vault: LocalVault | undefined; readonly ledger: Ledger },
  subject: string,
  options: OperationOptions,
): Promise<OperationResult> {
  checkReason(options);
  if (vault === undefined) throw new PulseQueueError("KEY_MISSING", "Nothing of this file is encrypted, so nothing can be erased by its key");
  const { keyring } = vault;
  const dryRun = options.dryRun === true;
  if (dryRun || !keyring.has(subject)) return { count: keyring.has(subject) ? 1 : 0, dryRun };
  const entry = { by: options.by ?? "local", action: "erase" as const, subject: keyring.nameOf(subject), reason: options.reason };
  await ledger.append({ ...entry, detail: { count: 1 } });
  try {
    keyring.erase(subject);
  } catch (cause) {
    await ledger.append({ ...entry, result: "failed" });
    throw new PulseQueueError("STORE_FAILED", "The keyring cannot be written: nothing was erased", { cause });
  }
  return { count: 1, dryRun };
}
