import Database from "better-sqlite3";
import { isPulseQueueError, PulseQueueError } from "../../core/errors.ts";

/** What SQLite threw, as one of our errors. The cause keeps the original; the message holds neither SQL nor a path. */
export function storeError(thrown: unknown): PulseQueueError {
  if (isPulseQueueError(thrown)) return thrown;
  if (isSystemError(thrown)) return systemError(thrown);
  const code = thrown instanceof Database.SqliteError ? thrown.code : "";
  if (code === "SQLITE_FULL") return new PulseQueueError("STORE_FULL", "The disk is full: nothing was stored", { cause: thrown, retryAfter: 1_000 });
  if (code.startsWith("SQLITE_READONLY") || code.startsWith("SQLITE_CANTOPEN"))
    return new PulseQueueError("STORE_READ_ONLY", "The file cannot be written", { cause: thrown });
  if (code.startsWith("SQLITE_CORRUPT")) return new PulseQueueError("STORE_CORRUPT", "The file is damaged", { cause: thrown });
  if (code === "SQLITE_NOTADB") return new PulseQueueError("STORE_FOREIGN", "The file is not a database of PulseQueue", { cause: thrown });
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"))
    return new PulseQueueError("STORE_LOCKED", "Another process writes to this file", { cause: thrown });
  if (code.startsWith("SQLITE_IOERR")) return new PulseQueueError("STORE_FAILED", "The disk refused a read, a write or a sync", { cause: thrown });
  return new PulseQueueError("INTERNAL", "The store failed unexpectedly", { cause: thrown });
}

/** Whether the operating system refused something. */
export function isSystemError(thrown: unknown): thrown is Error & { readonly code: string } {
  return thrown instanceof Error && "syscall" in thrown && "code" in thrown && typeof thrown.code === "string";
}

function systemError(cause: Error & { readonly code: string }): PulseQueueError {
  switch (cause.code) {
    case "ENOSPC":
    case "EDQUOT":
      return new PulseQueueError("STORE_FULL", "The disk is full: nothing was stored", { cause, retryAfter: 1_000 });
    case "EIO":
      return new PulseQueueError("STORE_FAILED", "The disk refused a read, a write or a sync", { cause });
    default:
      return new PulseQueueError("STORE_READ_ONLY", `The file cannot be opened for writing (${cause.code})`, { cause });
  }
}

/** Reads from the store; what SQLite throws becomes one of our errors. */
export function reading<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (thrown) {
    throw storeError(thrown);
  }
}

/** Whether the engine must stop: after a failed sync nobody knows what is durable, so nothing may be acknowledged any more. */
export function isFatal(error: PulseQueueError): boolean {
  return error.code === "STORE_FAILED" || error.code === "STORE_CORRUPT" || error.code === "STORE_LOCKED";
}
