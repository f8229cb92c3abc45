/** A source of numbers in [0, 1) that gives the same sequence for the same seed. */
export interface SeededRandom {
  (): number;
  /** A whole number from 0 up to, not including, `bound`. */
  below(bound: number): number;
  /** True with probability `share`. */
  chance(share: number): boolean;
  /** One of `items`. Throws `RangeError` for an empty list. */
  pick<Item>(items: readonly Item[]): Item;
  /** A source of its own, so that one consumer's draws do not shift another's. */
  fork(): SeededRandom;
}

/**
 * A seeded source: sfc32 (Chris Doty-Humphrey, PractRand), mixed from the seed by splitmix32. Not for secrets.
 *
 * @example
 * const random = seededRandom(42);
 */
export function seededRandom(seed: number): SeededRandom {
  const mix = splitMix(seed);
  let a = mix();
  let b = mix();
  let c = mix();
  let counter = 1;
  const word = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) word();
  const next = (): number => word() / 0x1_0000_0000;
  const below = (bound: number): number => Math.floor(next() * bound);
  return Object.assign(next, {
    below,
    chance: (share: number): boolean => next() < share,
    pick: <Item>(items: readonly Item[]): Item => {
      const index = below(items.length);
      for (const item of items.slice(index, index + 1)) return item;
      throw new RangeError("There is nothing to pick from");
    },
    fork: (): SeededRandom => seededRandom(word()),
  });
}

function splitMix(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e37_79b9) | 0;
    let value = Math.imul(state ^ (state >>> 16), 0x85eb_ca6b);
    value = Math.imul(value ^ (value >>> 13), 0xc2b2_ae35);
    return value ^ (value >>> 16);
  };
}
