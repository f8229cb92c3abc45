/** What every act of an operator takes and answers. */
import { PulseQueueError } from "./errors.ts";

/** Every operation needs a reason and is recorded with it in the audit ledger; `dryRun` changes and records nothing. */
export interface OperationOptions {
  /** 1 to 1,000 characters. */
  readonly reason: string;
  readonly dryRun?: boolean;
  /** Who does it. @default "local" */
  readonly by?: string;
}

/** What an operation touched, or would touch. */
export interface OperationResult {
  readonly count: number;
  readonly dryRun: boolean;
}

/** Throws `OPERATION_INVALID` without a reason. */
export function checkReason({ reason }: OperationOptions): void {
  if (typeof reason !== "string" || reason.trim() === "" || reason.length > 1_000) {
    throw new PulseQueueError("OPERATION_INVALID", "This operation needs a reason of 1 to 1,000 characters");
  }
}

/** The times of a replay, milliseconds since 1970. Throws `OPERATION_INVALID`. */
export function replayRange({ from, to }: { readonly from: Date | number; readonly to: Date | number }): readonly [from: number, to: number] {
  const [first, last] = [Number(from), Number(to)];
  if (!Number.isFinite(first) || !Number.isFinite(last) || first >= last) {
    throw new PulseQueueError("OPERATION_INVALID", "A replay needs `from` and `to` as dates or milliseconds since 1970, `from` before `to`");
  }
  return [first, last];
}
