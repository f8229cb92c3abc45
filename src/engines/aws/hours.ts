/** Notes of the hours that have events, in the system table: who reads the journal by time need not look into every hour since its beginning. */
import { needNumber, toItem, type Item } from "./items/attributes.ts";

const hour = 60 * 60_000;
const partition = "hours";

/** The beginning of the hour that `time` is in, milliseconds since 1970. */
export function hourOf(time: number): number {
  return Math.floor(time / hour) * hour;
}

/** The note that the hour of `time` has events. Written again it says the same. */
export function hourItem(time: number): Item {
  return toItem({ p: partition, s: sortOf(hourOf(time)), n: hourOf(time) });
}

interface Ranges {
  range(partition: string, range: { readonly from: string; readonly to: string; readonly ascending: boolean }): AsyncGenerator<Item>;
}

/** The noted hours from `first` to `last`, both included. */
export async function notedHours(table: Ranges, first: number, last: number): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const item of table.range(partition, { from: sortOf(first), to: sortOf(last), ascending: true })) found.push(needNumber(item, "n"));
  return found;
}

function sortOf(time: number): string {
  return String(Math.max(0, time)).padStart(16, "0");
}
