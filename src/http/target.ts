/** What a request aims at: checked as it came, before anything is decoded or normalised. */
import { PulseQueueError } from "../core/errors.ts";

export interface Target {
  /** Percent-encoded, as it came. */
  readonly path: string;
  /** Without its question mark, as it came. */
  readonly search: string;
}

const pathCharacters = /^(?:[\w\-.~!$&'()*+,;=:@/]|%[\dA-F]{2})+$/i;
const searchCharacters = /^(?:[\w\-.~!$&'()*+,;=:@/?]|%[\dA-F]{2})*$/i;
/** Encoded control characters, dots, slashes and backslashes: there is one way to write a path. */
const disguised = /%(?:[01][\dA-F]|7F|2E|2F|5C)/i;

/** The parts of `target`. Throws `REQUEST_INVALID` for one that has several readings. */
export function parseTarget(target: string, most: number): Target {
  if (target.length > most) throw new PulseQueueError("REQUEST_INVALID", `The target is longer than ${String(most)} characters`);
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const search = mark < 0 ? "" : target.slice(mark + 1);
  if (!path.startsWith("/") || !pathCharacters.test(path)) throw new PulseQueueError("REQUEST_INVALID", "The path holds characters that must be encoded");
  if (path.includes("//") || /\/\.{1,2}(?:\/|$)/.test(path)) throw new PulseQueueError("REQUEST_INVALID", "The path holds an empty or a dot segment");
  if (path.includes("%") && (disguised.test(path) || decode(path) === undefined))
    throw new PulseQueueError("REQUEST_INVALID", "The path holds an encoded dot, slash or control character, or is not UTF-8");
  if (!searchCharacters.test(search)) throw new PulseQueueError("REQUEST_INVALID", "The query holds characters that must be encoded");
  return { path, search };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The query's parameters. Throws `REQUEST_INVALID` for one that is given twice, is not UTF-8, or for more than 64. */
export function parseQuery(search: string): Readonly<Record<string, string>> {
  const query: Record<string, string> = Object.create(null) as Record<string, string>;
  if (search === "") return query;
  const pairs = search.split("&");
  if (pairs.length > 64) throw new PulseQueueError("REQUEST_INVALID", "The query has more than 64 parameters");
  for (const pair of pairs) {
    if (pair === "") continue;
    const mark = pair.indexOf("=");
    const name = decode((mark < 0 ? pair : pair.slice(0, mark)).replaceAll("+", " "));
    const value = decode((mark < 0 ? "" : pair.slice(mark + 1)).replaceAll("+", " "));
    if (name === undefined || value === undefined) throw new PulseQueueError("REQUEST_INVALID", "The query is not UTF-8");
    if (name in query) throw new PulseQueueError("REQUEST_INVALID", "A parameter of the query is given twice");
    query[name] = value;
  }
  return query;
}

/** Names by which only this machine is called. */
export const loopbackNames = ["localhost", "127.0.0.1", "[::1]"] as const;

/** The name in a `Host` header, in lower case; `undefined` for a header that is none. */
export function hostName(header: string): string | undefined {
  return /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.exec(header)?.[1]?.toLowerCase();
}

/** Throws `HOST_REFUSED` unless `host` is one of `names`: a web page cannot reach the server under a name of its own. */
export function checkHost(host: string, names: ReadonlySet<string>): void {
  const name = hostName(host);
  if (name === undefined || !names.has(name)) throw new PulseQueueError("HOST_REFUSED", "The server does not answer to this Host");
}

/** Throws `ORIGIN_REFUSED` unless a web page of `origin` may call: the server's own, or a listed one. */
export function checkOrigin(origin: string, host: string, origins: ReadonlySet<string>): void {
  if (origins.has(origin) || origin === `http://${host}` || origin === `https://${host}`) return;
  throw new PulseQueueError("ORIGIN_REFUSED", "A web page of another origin may not call the server");
}
