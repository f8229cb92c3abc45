/** A whole number from 0, below `below`. */
export type Random = (below: number) => number;

/** Numerical Recipes' generator: the same seed gives the same values on every machine. */
export function randomOf(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
