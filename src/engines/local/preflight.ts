/**
 * What a file says of itself before SQLite touches it. SQLite would recover, convert or empty a file that is not ours, and it
 * takes a file that was cut off, or a log that was damaged, for a smaller database: what it then serves is an older state.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { PulseQueueError } from "../../core/errors.ts";
import { applicationId, checkVersion } from "./migrations/index.ts";
import { isLogDamaged } from "./write-ahead-log.ts";

/** What SQLite files begin with, and where their header keeps what (https://sqlite.org/fileformat2.html#the_database_header). */
const magic = "SQLite format 3\u0000";
const headerBytes = 100;
const offsets = { pageSize: 16, writeVersion: 18, readVersion: 19, pageCount: 28, userVersion: 60, applicationId: 68 } as const;

export interface FileFacts {
  /** Whether there is no file, or an empty one. */
  readonly isNew: boolean;
  /** Whether a process ended without closing the file, and left a write-ahead log. */
  readonly hasLog: boolean;
}

/**
 * Reads the header of `file` and its write-ahead log. Nothing is changed. Call it with the file's lock held: closing a file
 * gives up the locks that this process has on it.
 *
 * Throws `STORE_FOREIGN`, `STORE_NEWER`, `STORE_CORRUPT`, and what the file system throws. `syncedLog`: every commit in the log
 * was synced before the next began, so that only the last one can be incomplete.
 */
export function checkFile(file: string, syncedLog: boolean): FileFacts {
  const log = `${file}-wal`;
  const hasLog = (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0;
  const { size, header } = readHeader(file);
  if (size === 0) {
    if (hasLog) throw new PulseQueueError("STORE_CORRUPT", "The file is empty or missing, but its write-ahead log is there");
    return { isNew: true, hasLog };
  }
  const text = header.toString("latin1", 0, magic.length);
  if (text !== magic.slice(0, text.length)) throw new PulseQueueError("STORE_FOREIGN", "The file is not a database");
  if (header.length < headerBytes) throw new PulseQueueError("STORE_CORRUPT", "The file ends inside its header");
  if (header.readUInt32BE(offsets.applicationId) !== applicationId) throw new PulseQueueError("STORE_FOREIGN", "The file is a database of another program");
  checkVersion(header.readUInt32BE(offsets.userVersion));
  const versions = [header[offsets.writeVersion], header[offsets.readVersion]];
  if (versions.some((version) => version !== 1 && version !== 2)) throw new PulseQueueError("STORE_CORRUPT", "The file's header is damaged");
  // Copying the log into the file may have been interrupted; then the file may be short, and the log has the rest.
  if (!hasLog && size < header.readUInt32BE(offsets.pageCount) * pageSize(header)) throw new PulseQueueError("STORE_CORRUPT", "The file has been cut off");
  if (hasLog && syncedLog && isLogDamaged(log)) throw new PulseQueueError("STORE_CORRUPT", "The write-ahead log is damaged before its end");
  return { isNew: false, hasLog };
}

function readHeader(file: string): { readonly size: number; readonly header: Buffer } {
  const facts = statSync(file, { throwIfNoEntry: false });
  if (facts === undefined) return { size: 0, header: Buffer.alloc(0) };
  if (!facts.isFile()) throw new PulseQueueError("STORE_FOREIGN", "There is something that is not a file");
  const descriptor = openSync(file, "r");
  try {
    const header = Buffer.alloc(headerBytes);
    const read = readSync(descriptor, header, 0, headerBytes, 0);
    return { size: fstatSync(descriptor).size, header: header.subarray(0, read) };
  } finally {
    closeSync(descriptor);
  }
}

/** 65,536 does not fit into two bytes and is stored as 1. */
function pageSize(header: Buffer): number {
  const stored = header.readUInt16BE(offsets.pageSize);
  return stored === 1 ? 65_536 : stored;
}
