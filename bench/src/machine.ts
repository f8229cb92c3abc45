import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";

/** Where the figures come from. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 1_024 ** 3),
    system: `${process.platform} ${release()}`,
    node: process.versions.node,
  };
}

const memoryFileSystems: readonly number[] = [0x0102_1994, 0x8584_58f6]; // tmpfs, ramfs: statfs(2)

/** Throws where the directory is in memory: there nothing is durable, and every figure would be wrong. */
export async function checkDisk(directory: string): Promise<void> {
  const { type } = await statfs(directory);
  if (memoryFileSystems.includes(type)) throw new Error(`${directory} is in memory: name a folder on a disk with --dir`);
}

/** Appends of 4 KiB, each forced to disk, that the disk takes in a second: the bound of commits that do not share one. */
export function probeDisk(directory: string): number {
  const file = join(directory, "probe");
  const block = Buffer.alloc(4_096, 1);
  const descriptor = openSync(file, "w");
  let syncs = 0;
  const started = performance.now();
  while (performance.now() - started < 500) {
    writeSync(descriptor, block);
    fsyncSync(descriptor);
    syncs += 1;
  }
  const took = performance.now() - started;
  closeSync(descriptor);
  rmSync(file);
  return Math.round((syncs / took) * 1_000);
}
