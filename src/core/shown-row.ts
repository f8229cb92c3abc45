import { decodeJson } from "./json.ts";
import { parseRow } from "./scope.ts";
import { rowPlace } from "./sealed-store.ts";
import type { AnyTable } from "./table.ts";
import { isErased, openText, type Vault } from "./vault.ts";

/** A stored row for those who look: opened. A row of which something was erased is shown as it is, with `[erased]` where it was. */
export function shownRow(table: AnyTable, body: string, vault: Vault | undefined): unknown {
  const text = openText(vault, body, rowPlace(table.name), "mark");
  return text !== body && isErased(text) ? decodeJson(text) : parseRow(table, text);
}
