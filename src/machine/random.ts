import { getRandomValues, randomBytes } from "node:crypto";

/** Numbers in [0, 1) from the cryptographic source, drawn in blocks. */
export function cryptographic(): () => number {
  const block = new Uint32Array(512);
  let next = block.length;
  return () => {
    if (next === block.length) {
      getRandomValues(block);
      next = 0;
    }
    const value = block[next] ?? 0;
    next += 1;
    return value / 0x1_0000_0000;
  };
}

/** 256 random bits. */
export const randomKey = (): Buffer => randomBytes(32);
