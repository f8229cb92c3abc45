/**
 * Which fields a selector such as an event's `key` answers with, seen by calling it once with a stand-in for the data. What only shows with
 * real data (a branch, a hash) stays unseen: the caller must look at the value too.
 */

/** A selector that walks on without an end, as through a list, is given up. */
const mostSteps = 1_000;
/** Stands around a path in a text that the selector puts together. */
const mark = "\u0000";

/** Paths as of personal data, e.g. `customer.id`, of what `select` returns or builds its text from; none where that cannot be seen. */
export function selectedPaths(select: (data: never) => unknown): readonly string[] {
  const paths = new Map<unknown, string>();
  let steps = 0;
  const field = (path: readonly string[]): object => {
    steps += 1;
    if (steps > mostSteps) throw new RangeError("This selector does not come to an end");
    const standIn = new Proxy(() => undefined, {
      get(_target, name) {
        if (name === Symbol.toPrimitive) return () => `${mark}${path.join(".")}${mark}`;
        return typeof name === "symbol" ? undefined : field([...path, name]);
      },
      // A method of the field above it, such as `trim`: what it answers is made of that field.
      apply: () => field(path.slice(0, -1)),
    });
    paths.set(standIn, path.join("."));
    return standIn;
  };
  try {
    const selected = select(field([]) as never);
    if (typeof selected === "string") return selected.split(mark).filter((_, index) => index % 2 === 1);
    const path = paths.get(selected);
    return path === undefined ? [] : [path];
  } catch {
    return [];
  }
}
