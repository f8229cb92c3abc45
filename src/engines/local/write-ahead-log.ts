/**
 * Reads a write-ahead log as SQLite's recovery does (https://sqlite.org/fileformat2.html#the_write_ahead_log), and tells what
 * recovery does not: whether a frame that does not match its checksum is the end of an incomplete commit, as a crash leaves
 * it, or damage to commits that were complete. SQLite drops everything from there on without a word.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { endianness } from "node:os";

const headerBytes = 32;
const frameHeaderBytes = 24;
/** The first word of a log whose checksums read its words with the least byte first, as it is written on every machine that does so. */
const littleEndianMagic = 0x377f_0682;

/** A checksum in SQLite's way: two sums that go on from frame to frame. */
interface Sums {
  first: number;
  second: number;
}

/**
 * Whether commits are lost in the middle of the log. `false` where only the last commit is incomplete: that one may never have
 * been acknowledged, and nothing in the log tells whether it was.
 */
export function isLogDamaged(path: string): boolean {
  if (endianness() !== "LE") return false; // written by another kind of machine, or read by one: recovery decides alone
  const descriptor = openSync(path, "r");
  try {
    const header = readWords(descriptor, 0, headerBytes);
    if (header === undefined) return false;
    const [pageSize = 0, salt1 = 0, salt2 = 0] = [2, 4, 5].map((word) => bigEndian(header, word));
    const sums: Sums = { first: 0, second: 0 };
    add(sums, header, 0, 6);
    const isHeaderSound = bigEndian(header, 0) === littleEndianMagic && sums.first === bigEndian(header, 6) && sums.second === bigEndian(header, 7);
    // The header is synced before the first frame is written.
    if (!isHeaderSound) return readWords(descriptor, headerBytes, frameHeaderBytes + 512) !== undefined;
    return hasCommitsBeyondEnd(descriptor, frameHeaderBytes + pageSize, salt1, salt2, sums);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether, from the first frame on that does not match, two commits of this log are found: then the first of them was complete. */
function hasCommitsBeyondEnd(descriptor: number, frameBytes: number, salt1: number, salt2: number, sums: Sums): boolean {
  let sound = true;
  let commits = 0;
  for (let offset = headerBytes; commits < 2; offset += frameBytes) {
    const frame = readWords(descriptor, offset, frameBytes);
    if (frame === undefined) return false;
    const isOfThisLog = bigEndian(frame, 2) === salt1 && bigEndian(frame, 3) === salt2;
    if (sound) {
      add(sums, frame, 0, 2);
      add(sums, frame, frameHeaderBytes / 4, frameBytes / 4);
      sound = isOfThisLog && sums.first === bigEndian(frame, 4) && sums.second === bigEndian(frame, 5);
    }
    if (!sound && isOfThisLog && bigEndian(frame, 1) !== 0) commits += 1;
  }
  return true;
}

function readWords(descriptor: number, offset: number, bytes: number): Uint32Array | undefined {
  const words = new Uint32Array(bytes / 4);
  return readSync(descriptor, words, 0, bytes, offset) === bytes ? words : undefined;
}

function add(sums: Sums, words: Uint32Array, from: number, to: number): void {
  let { first, second } = sums;
  for (let index = from; index < to; index += 2) {
    first = (first + (words[index] ?? 0) + second) >>> 0;
    second = (second + (words[index + 1] ?? 0) + first) >>> 0;
  }
  sums.first = first;
  sums.second = second;
}

/** Everything but the pages is stored with the greatest byte first. */
function bigEndian(words: Uint32Array, index: number): number {
  const word = words[index] ?? 0;
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
