/**
 * Keeps personal data and secrets out of what is logged. Log fields are free: a handler may log what it wants under any name. So
 * a field whose name is the last part of a declared path is hidden at any depth, whatever it belongs to, and the value of a
 * declared secret is hidden wherever it appears in a text.
 */
import { redacted } from "../core/personal-data.ts";

export type Fields = Readonly<Record<string, unknown>>;

export interface Hide {
  readonly fields: (fields: Fields) => Fields;
  readonly text: (text: string) => string;
}

export interface HideOptions {
  /** Declared paths of personal data, of events and tables. */
  readonly pii: Iterable<string>;
  /** Current values of the declared secrets. Asked for each line, since they rotate. */
  readonly secrets: () => readonly string[];
}

/** What stands where a secret was. */
export const secretHidden = "[secret]";

/** A shorter value is a word that may stand anywhere by chance. */
const leastSecret = 4;
const deepest = 8;

/** Fields that the engine itself writes: names and ids, never data. */
const own: ReadonlySet<string> = new Set([
  "handler",
  "event",
  "eventId",
  "correlationId",
  "attempt",
  "outcome",
  "milliseconds",
  "code",
  "endpoint",
  "principal",
]);

export function createHide({ pii, secrets }: HideOptions): Hide {
  const names = new Set([...pii].map((path) => path.split(".").findLast((part) => part !== "*" && !/^\d+$/.test(part)) ?? path));
  const text = (value: string): string =>
    secrets()
      .filter((secret) => secret.length >= leastSecret)
      .reduce((shown, secret) => shown.replaceAll(secret, secretHidden), value);
  const hide = (value: unknown, depth: number): unknown => {
    if (typeof value === "string") return text(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth > deepest) return "[too deep]";
    if (value instanceof Error) return { name: value.name, message: text(value.message), ...(value.stack === undefined ? {} : { stack: text(value.stack) }) };
    if (Array.isArray(value)) return value.map((item: unknown) => hide(item, depth + 1));
    return fieldsOf(Object.entries(value), depth);
  };
  const fieldsOf = (entries: readonly (readonly [string, unknown])[], depth: number): Fields =>
    Object.fromEntries(entries.map(([name, value]) => [name, names.has(name) && !(depth === 0 && own.has(name)) ? redacted : hide(value, depth + 1)]));
  return { text, fields: (fields) => fieldsOf(Object.entries(fields), 0) };
}
