import { styleText } from "node:util";

/** Colours a text, or leaves it as it is. */
export type Paint = (style: "bold" | "dim" | "red" | "green" | "yellow" | "cyan", text: string) => string;

export function paint(coloured: boolean): Paint {
  return (style, text) => (coloured ? styleText(style, text, { validateStream: false }) : text);
}

// eslint-disable-next-line no-control-regex -- control characters are what `printable` escapes
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * `text` with everything escaped that a terminal might act on or that changes the order of what is read: control
 * characters of both sets and bidirectional marks. Event data is written by strangers.
 */
export function printable(text: string): string {
  return text.replaceAll(unprintable, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** JSON for people, safe to print. */
export function printableJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value ?? null, plainJson, indent);
  return text.split("\n").map(printable).join("\n");
}

/** What rows may hold and JSON has no word for. */
export function plainJson(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** How many characters of an id are shown: its end, since ids made together begin alike. */
const shortLength = 12;

export function shortId(id: string): string {
  return id.length <= shortLength ? id : `…${id.slice(-shortLength)}`;
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : value.toFixed(1)} ${units[unit] ?? ""}`;
}
