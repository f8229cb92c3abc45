/**
 * Personal data at rest. What is declared as such is stored as `{"$pq": "…"}`: sealed under a key of the person that it is
 * about, or of the app where no subject is declared. Sealing comes before hashing, so that the journal's chain covers what is stored
 * and holds after a person's key is destroyed. Equal data of one person at one place is sealed to equal text: so that an event
 * published twice is still seen to be the same. Who reads the file can therefore tell *that* two such values are equal, not what they are.
 */
import { PulseQueueError } from "./errors.ts";
import { decodeJson, type Json } from "./json.ts";
import { erased, mapPaths } from "./personal-data.ts";

/** An engine sees to it that a key is durable before anything that was sealed with it is. */
export interface Vault {
  /** Seals `text` under the key of `subject`, or of the app. `place` says what it is and where; it opens nowhere else. */
  seal(text: string, place: string, subject: string | undefined): string;
  /** The same under the key that `token` was sealed with. */
  sealBeside(text: string, place: string, token: string): string;
  /** `undefined`: its key was destroyed. Throws `KEY_MISSING`, `STORE_CORRUPT`. */
  open(token: string, place: string): string | undefined;
}

/** The field of a sealed value. `encodeJson` refuses it in what users hand in. */
export const sealField = "$pq";

/** The text with what is at `paths` sealed. What is sealed there already stays as it is. */
export function sealJson(vault: Vault, text: string, paths: readonly string[], place: string, subject: string | undefined): string {
  const seal = (found: Json, path: string): Json =>
    tokenOf(found) === undefined ? { [sealField]: vault.seal(canonical(found), `${place}:${path}`, subject) } : found;
  return JSON.stringify(mapPaths(decodeJson(text), paths, seal));
}

/** The value of stored text. What was erased is the marker `[erased]`, or with `refuse` throws `DATA_ERASED`. Throws `KEY_MISSING`. */
export function openJson(vault: Vault | undefined, text: string, place: string, whenErased: "mark" | "refuse"): Json {
  const value = decodeJson(text);
  return text.includes(`"${sealField}"`) ? openValue({ vault, place, whenErased }, value, []) : value;
}

/** The text of stored text, for those who parse it themselves. */
export function openText(vault: Vault | undefined, text: string, place: string, whenErased: "mark" | "refuse"): string {
  return text.includes(`"${sealField}"`) ? JSON.stringify(openJson(vault, text, place, whenErased)) : text;
}

/** Whether opened text has a marker of what was erased. */
export function isErased(text: string): boolean {
  return text.includes(JSON.stringify(erased));
}

/** A whole text sealed, e.g. the result of a step. `beside`: stored text under whose first key, where it has one. */
export function sealWhole(vault: Vault, text: string, place: string, about: { readonly subject: string | undefined } | { readonly beside: string }): string {
  if (text === "") return "";
  const token = "beside" in about ? firstToken(about.beside) : undefined;
  const subject = "beside" in about ? undefined : about.subject;
  return JSON.stringify({ [sealField]: token === undefined ? vault.seal(text, place, subject) : vault.sealBeside(text, place, token) });
}

interface Opening {
  readonly vault: Vault | undefined;
  readonly place: string;
  readonly whenErased: "mark" | "refuse";
}

function openValue(opening: Opening, value: Json, path: readonly string[]): Json {
  if (typeof value !== "object" || value === null) return value;
  const token = tokenOf(value);
  if (token !== undefined) return openToken(opening, token, path);
  if (isList(value)) return value.map((item, index) => openValue(opening, item, [...path, String(index)]));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, openValue(opening, inner ?? null, [...path, name])]));
}

function openToken(opening: Opening, token: string, path: readonly string[]): Json {
  const { vault, place, whenErased } = opening;
  if (vault === undefined) throw new PulseQueueError("KEY_MISSING", "Personal data is encrypted, and there is no key to read it with");
  const text = vault.open(token, `${place}:${path.join(".")}`);
  if (text !== undefined) return openValue(opening, decodeJson(text), path);
  if (whenErased === "refuse") throw new PulseQueueError("DATA_ERASED", "Personal data was erased and cannot be read any more");
  return erased;
}

/** The token of the first sealed value in stored text. */
function firstToken(text: string): string | undefined {
  return /"\$pq":"(?<token>[^"\\]+)"/.exec(text)?.groups?.["token"];
}

function tokenOf(value: Json): string | undefined {
  if (typeof value !== "object" || value === null || isList(value)) return undefined;
  const token = value[sealField];
  return typeof token === "string" ? token : undefined;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** JSON with fields in the order of their names: equal values give equal text. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
