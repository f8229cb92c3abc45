import { Command } from "commander";
import { PulseQueueError } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { group, runsOnQueue, type QueueCall, type Session } from "../call.ts";
import type { Control, RowsView, TableView } from "../control/control.ts";
import { usageError } from "../exit.ts";
import { table } from "../output/table.ts";
import { printableJson } from "../output/text.ts";
import { addLimit, type LimitOptions } from "./options.ts";

export function addTables(program: Command, session: Session): void {
  const tables = group("tables", "the app's tables and their rows");
  const ls = new Command("ls").description("list tables with their keys and indexes");
  const get = addLimit(
    new Command("get")
      .description("the row with a key, or the first rows ordered by key; personal data is redacted")
      .argument("<table>", "its name")
      .argument("[key...]", "the value of each key field; a number may be a text or a number in the key"),
    1_000_000,
  );
  runsOnQueue(ls, session, list);
  runsOnQueue<LimitOptions>(get, session, getRows);
  program.addCommand(tables.addCommand(ls).addCommand(get));
}

async function list(call: QueueCall): Promise<undefined> {
  const tables = await call.queue((control) => control.tables({}));
  call.print.result(tables, () =>
    tables.length === 0
      ? "no tables"
      : table(
          tables,
          [
            { title: "TABLE", cell: (entry) => entry.name },
            { title: "KEY", cell: (entry) => entry.key.join(", ") },
            {
              title: "INDEXES",
              cell: (entry) =>
                Object.entries(entry.indexes)
                  .map(([name, fields]) => `${name} (${fields.join(", ")})`)
                  .join(", "),
            },
          ],
          call.print.paint,
        ),
  );
}

async function getRows(call: QueueCall<LimitOptions>): Promise<undefined> {
  const [name = "", ...key] = call.args;
  if (key.length === 0) {
    const rows = await call.queue((control) => firstRows(control, name, call.options.limit));
    call.print.result(rows, () => (rows.length === 0 ? "no rows" : rows.map((row) => printableJson(row)).join("\n")));
    return;
  }
  const row = await call.queue(async (control) => {
    return await control.row({ table: name, keys: await keyReadings(control, name, key) });
  });
  if (row === null) throw new PulseQueueError("NOT_FOUND", `Table ${name} has no row with the key ${key.join(", ").slice(0, 256)}`);
  call.print.result(row, () => printableJson(row, 2));
}

/** Rows in one answer of the control channel. */
const page = 1_000;

async function firstRows(control: Control, table: string, limit: number): Promise<readonly Json[]> {
  const found: Json[] = [];
  for (let after: string | null = null; found.length < limit;) {
    const { rows, next }: RowsView = await control.rows({ table, limit: Math.min(page, limit - found.length), ...(after === null ? {} : { after }) });
    found.push(...rows);
    if (next === null) break;
    after = next;
  }
  return found;
}

/** The keys of a table that the words may mean. */
export async function keyReadings(control: Control, table: string, words: readonly string[]): Promise<readonly Json[]> {
  const declared = (await control.tables({})).find((entry) => entry.name === table);
  return declared === undefined ? [] : readings(declared, words);
}

/** A word that looks like a number may be a text or a number in the key. */
function readings({ name, key: fields }: TableView, words: readonly string[]): readonly Json[] {
  if (words.length !== fields.length)
    throw usageError(`The key of table ${name} has ${String(fields.length)} field(s): ${fields.join(", ")}`, "Give one value for each field of the key.");
  let keys: readonly (readonly Json[])[] = [[]];
  for (const word of words) {
    const values = /^-?\d+(?:\.\d+)?$/.test(word) ? [word, Number(word)] : [word];
    keys = keys.flatMap((key) => values.map((value) => [...key, value]));
  }
  return keys.map((values) => (fields.length === 1 ? (values[0] ?? null) : Object.fromEntries(fields.map((field, index) => [field, values[index] ?? null]))));
}
