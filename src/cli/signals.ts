const names = ["SIGINT", "SIGTERM"] as const;

/** Calls `stop` with 1 for the first signal that asks this process to end, 2 for the second, and so on. The answer ends that. */
export function onStop(stop: (count: number) => void): () => void {
  let count = 0;
  const listener = (): void => {
    count += 1;
    stop(count);
  };
  for (const name of names) process.on(name, listener);
  return () => {
    for (const name of names) process.off(name, listener);
  };
}
