import { printable, type Paint } from "./text.ts";

/** A column: its title, its cell for an item, and whether numbers line up at the right. */
export interface Column<Item> {
  readonly title: string;
  readonly cell: (item: Item) => string;
  readonly right?: boolean;
}

/** Aligned text, one line an item; columns that are empty for every item are left out. */
export function table<Item>(items: readonly Item[], columns: readonly Column<Item>[], paint: Paint): string {
  const filled = columns
    .map((column) => ({ ...column, cells: items.map((item) => printable(column.cell(item))) }))
    .filter((column) => column.cells.some((cell) => cell !== ""));
  const sized = filled.map((column) => ({ ...column, width: Math.max(column.title.length, ...column.cells.map((cell) => cell.length)) }));
  const line = (cells: readonly string[]): string =>
    sized
      .map((column, index) => (column.right === true ? (cells[index] ?? "").padStart(column.width) : (cells[index] ?? "").padEnd(column.width)))
      .join("  ")
      .trimEnd();
  const rows = items.map((_, row) => line(sized.map((column) => column.cells[row] ?? "")));
  return [paint("dim", line(sized.map((column) => column.title))), ...rows].join("\n");
}
