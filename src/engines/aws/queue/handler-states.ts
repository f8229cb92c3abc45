/** Which handlers are paused, and why: an item each in the system table, beside the event source mapping that is switched off. */
import type { System } from "../../../core/ports.ts";
import { needText, toItem } from "../items/attributes.ts";
import type { SystemTable, Write } from "./system-table.ts";

const partition = "paused";

/** The reasons of all paused handlers, by name. */
export async function pausedHandlers(table: SystemTable): Promise<ReadonlyMap<string, string>> {
  return new Map((await table.all(partition)).map((item) => [needText(item, "s"), needText(item, "re")]));
}

/** Holds only where the handler is not paused yet. */
export function pauseWrite({ clock }: Pick<System, "clock">, handler: string, reason: string, by: string): Write {
  return { Put: { Item: toItem({ p: partition, s: handler, re: reason, by, t: clock.now() }), ConditionExpression: "attribute_not_exists(p)" } };
}

/** Holds only where the handler is paused. */
export function resumeWrite(handler: string): Write {
  return { Delete: { Key: toItem({ p: partition, s: handler }), ConditionExpression: "attribute_exists(p)" } };
}
