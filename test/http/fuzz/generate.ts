/** Requests that are wrong in many ways, and some that are right: from a grammar, then mutated. Everything comes from the seed. */
import type { SeededRandom } from "../../../src/testing/random.ts";
import { batch, cloudEvent, principals, structured, type Ask } from "../door.ts";

export interface Input {
  readonly path: string;
  readonly ask: Ask;
}

const callers = Object.keys(principals);
const strangers = ["nobody", "constructor", "__proto__", "", "x".repeat(5_000), "publisher ", "PUBLISHER"];
const types = [
  "application/cloudevents+json",
  "application/cloudevents-batch+json",
  "application/json",
  "text/plain",
  "",
  "application/cloudevents+xml",
  "application/json; charset=utf-16",
  "application/CloudEvents+JSON; charset=UTF-8",
  "multipart/form-data; boundary=x",
  "application/json;;;",
];
const hosts = ["localhost", "127.0.0.1:8080", "[::1]", "evil.example", "localhost:99999999", "localhost@evil", "", "LOCALHOST."];
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const paths = [
  "/v1/events",
  "/v1/events/e-1",
  "/orders/1",
  "/hooks",
  "/healthz",
  "/readyz",
  "/v1/handlers/take/pause",
  "/v1/dead-letters/redrive",
  "/v1/deliveries",
  "/v1/ledger",
  "/openapi.json",
  "/v1/tables/orders/rows",
  "/none",
];
const parts = [
  "//",
  "/..",
  "/.",
  "%2e%2e",
  "%2f",
  "%5c",
  "%00",
  "%0d%0a",
  "\\",
  "%ff",
  "%",
  "?",
  "#",
  "?a=1&a=2",
  "?limit=-1",
  "?limit=1e9",
  "?cursor=p",
  "?from=x",
  ";a=b",
  "/constructor",
  "/__proto__",
  "?__proto__=1",
  "%c0%af",
  "ü",
  " ",
  "\t",
];
const scalars: readonly string[] = [
  "null",
  "true",
  "-0",
  "0",
  "1.5",
  "1e999",
  "-1e999",
  "9007199254740993",
  "1".repeat(400),
  "NaN",
  "Infinity",
  "0x10",
  "01",
  '""',
  '"\\ud800"',
  '"\\u0000"',
  '"\u202e"',
  '"e\u0301"',
  '"\\uFEFF"',
  "{}",
  "[]",
  '"__proto__"',
  '"1"',
  '"\\q"',
  "'a'",
  "undefined",
  "[1,]",
  '{"a":1,"a":2}',
  '{"__proto__":{"a":1}}',
  '{"constructor":{"prototype":{"a":1}}}',
];
const names = [
  "specversion",
  "id",
  "source",
  "type",
  "data",
  "time",
  "datacontenttype",
  "data_base64",
  "partitionkey",
  "correlationid",
  "traceparent",
  "schemaversion",
  "tenantid",
  "subject",
  "Extra",
  "__proto__",
  "constructor",
  "toString",
];

/** Reads of who may see a part only, or nothing. */
const reads = ["/v1/events", "/v1/events/e-1", "/v1/events/same", "/v1/deliveries", "/v1/dead-letters", "/v1/handlers", "/v1/ledger"];

export function generate(random: SeededRandom, index: number): Input {
  if (random.chance(0.03)) return { path: random.pick(reads), ask: { method: "GET", as: whoOf(random), headers: { host: "localhost" } } };
  if (random.chance(0.3)) return { path: "/v1/events", ask: calm(random, index) };
  const path = random.chance(0.7) ? "/v1/events" : random.pick(paths);
  const isEvent = path === "/v1/events";
  const method = random.chance(0.85) ? "POST" : random.pick(methods);
  const takesBody = method !== "GET" && method !== "HEAD";
  const body = takesBody ? bodyOf(random, index) : undefined;
  const form = body?.startsWith("[") === true ? batch : structured;
  const headers: Record<string, string> = { ...(isEvent ? form : { "content-type": "application/json" }), host: "localhost" };
  if (random.chance(0.1)) headers["content-type"] = random.pick(types);
  if (random.chance(0.03)) headers["host"] = random.pick(hosts);
  if (random.chance(0.03)) headers["origin"] = random.pick(["null", "https://evil.example", "http://localhost"]);
  if (random.chance(0.03)) headers["content-encoding"] = random.pick(["gzip", "identity", "br", "deflate, gzip"]);
  if (random.chance(0.02)) headers["content-length"] = random.pick(["", "0", "5", "-5", "1e3", "many", "99999999999"]);
  if (random.chance(0.1)) headers["idempotency-key"] = random.pick(["k", "x".repeat(300), `k-${String(index)}`, "a b"]);
  if (random.chance(0.05)) Object.assign(headers, binary(random, index));
  return {
    path: random.chance(0.1) ? spliced(random, path, random.pick(parts)) : path,
    ask: {
      method,
      as: random.chance(0.7) ? "all" : whoOf(random),
      headers,
      ...(body === undefined ? {} : { body: random.chance(0.05) ? noise(random, body) : body }),
    },
  };
}

/** Well-formed, so that it comes as far as what the event says and who sends it: what is odd about most inputs is refused before. */
function calm(random: SeededRandom, index: number): Ask {
  return { method: "POST", as: random.chance(0.4) ? "all" : whoOf(random), headers: { ...structured, host: "localhost" }, body: eventText(random, index, 0) };
}

function whoOf(random: SeededRandom): string {
  return random.pick(random.chance(0.7) ? callers : strangers);
}

function binary(random: SeededRandom, index: number): Record<string, string> {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-type": "order.placed",
    "ce-source": "https://fuzz.example",
    "ce-id": `b-${String(index)}`,
  };
  const name = random.pick(Object.keys(headers));
  if (random.chance(0.5)) headers[name] = random.pick(["", "%zz", "%00", "x".repeat(1_000), "1.0", "a b"]);
  return headers;
}

function bodyOf(random: SeededRandom, index: number): string {
  const event = eventText(random, index);
  const whole = random.chance(0.1) ? `[${Array.from({ length: random.below(5) }, (_, at) => eventText(random, index * 10 + at)).join(",")}]` : event;
  return random.chance(0.25) ? mutated(random, whole) : whole;
}

/** The same event again and again. */
const twin = JSON.stringify(cloudEvent({ id: "twin", source: "https://fuzz.example" }));

/** `oddity`: how often a part of it is another one than it should be. */
function eventText(random: SeededRandom, index: number, oddity = 0.04): string {
  if (random.chance(0.02)) return twin;
  const value = (fallback: string): string => (random.chance(oddity) ? random.pick(scalars) : fallback);
  const type = random.chance(0.85) ? '"order.placed"' : random.pick(['"order.cancelled"', '"none"', '"pulsequeue.schedule.x"']);
  const fields = new Map([
    ["specversion", value('"1.0"')],
    ["type", value(type)],
    ["source", value(random.chance(0.9) ? '"https://fuzz.example"' : random.pick(['"shop/take"', '"a b"']))],
    ["id", value(random.chance(0.1) ? '"same"' : `"f-${String(index)}"`)],
    ["data", value(type === '"order.cancelled"' ? `{"orderId":${value('"o"')}}` : dataText(random, index, value))],
  ]);
  if (random.chance(0.05)) fields.set("tenantid", random.pick(['"a"', '"b"', '"none"']));
  if (random.chance(0.05)) fields.set("partitionkey", random.pick([personal, '"order"']));
  if (random.chance(4 * oddity)) fields.set(random.pick(names), random.pick(scalars));
  if (random.chance(2.5 * oddity)) fields.delete(random.pick(names));
  return `{${[...fields].map(([name, text]) => `"${name}":${text}`).join(",")}}`;
}

/** Stands as personal data, as an order's id, and as a key. */
const personal = '"ada@b"';

function dataText(random: SeededRandom, index: number, value: (fallback: string) => string): string {
  if (random.chance(0.5)) return `{"orderId":${value(`"o-${String(index)}"`)},"quantity":${value(String(1 + random.below(10)))}}`;
  if (random.chance(0.02)) return `{"orderId":"o","quantity":1,"note":"${"x".repeat(random.pick([262_000, 262_144, 270_000, 290_000, 400_000]))}"}`;
  const id = random.chance(0.1) ? personal : '"o"';
  return `{"orderId":${value(id)},"quantity":${value("1")},"note":${value(nested(random))},"email":${value(personal)}}`;
}

function nested(random: SeededRandom): string {
  const depth = random.chance(0.1) ? random.pick([30, 31, 32, 33, 36, 1_000]) : random.below(4);
  return `${"[".repeat(depth)}${random.pick(scalars)}${"]".repeat(depth)}`;
}

function mutated(random: SeededRandom, text: string): string {
  const at = random.below(text.length + 1);
  switch (random.below(7)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return `${text.slice(0, at)}${random.pick(scalars)}${text.slice(at)}`;
    case 2:
      return `${text.slice(0, at)}${text.slice(at + 1 + random.below(5))}`;
    case 3:
      return `${text.slice(0, at)}${String.fromCharCode(random.below(0x10000))}${text.slice(at)}`;
    case 4:
      return `${text}${random.pick([" ", "x", "\u0000", ",", text])}`;
    case 5:
      return `${random.pick(["\uFEFF", " ", "[", "\u0000"])}${text}`;
    default:
      return text.replace(/\d/, random.pick(scalars));
  }
}

/** Bytes that are seldom UTF-8. */
function noise(random: SeededRandom, text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  for (let change = 0; change < 3; change += 1) if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

function spliced(random: SeededRandom, text: string, part: string): string {
  const at = part.startsWith("?") && random.chance(0.5) ? text.length : random.below(text.length + 1);
  return `${text.slice(0, at)}${part}${text.slice(at)}`;
}

const rawParts = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  " ",
  ":",
  "Content-Length: 5\r\n",
  "Content-Length: -1\r\n",
  "Content-Length: 18446744073709551616\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: xchunked\r\n",
  "Host: evil\r\n",
  " folded: 1\r\n",
  "0\r\n\r\n",
  "FFFFFFFFFFFFFFFFF\r\n",
  "5;ext=1\r\nhello\r\n",
  "GET / HTTP/1.1\r\n\r\n",
  "HTTP/0.9",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  `X: ${"a".repeat(20_000)}\r\n`,
  "Expect: 100-continue\r\n",
  "Upgrade: websocket\r\nConnection: Upgrade\r\n",
  "Trailer: X\r\n",
  "\x16\x03\x01",
];

/** Bytes for a socket: a good request, then broken. */
export function generateRaw(random: SeededRandom, index: number): Buffer {
  const body = eventText(random, index);
  const length = random.chance(0.8) ? String(Buffer.byteLength(body)) : random.pick(["0", "1", "99999", "-5", "+5", "0x5", "5, 5", ""]);
  const framing = random.chance(0.8) ? `Content-Length: ${length}\r\n` : "Transfer-Encoding: chunked\r\n";
  const method = random.chance(0.9) ? "POST" : random.pick(["GET", "TRACE", "CONNECT", "PROPFIND", "post", "P OST", ""]);
  const target = random.chance(0.9) ? "/v1/events" : random.pick(["http://evil/v1/events", "*", "evil:80", "//v1/events", "/v1/../v1/events", "/%00", ""]);
  const sent = random.chance(0.9) ? body : `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  let text = `${method} ${target} ${random.chance(0.95) ? "HTTP/1.1" : random.pick(["HTTP/1.0", "HTTP/2.0", "HTTP/9", ""])}\r\nHost: localhost\r\nAuthorization: Bearer all\r\nContent-Type: application/cloudevents+json\r\n${framing}\r\n${sent}`;
  for (let change = random.below(3); change > 0; change -= 1)
    text = random.chance(0.7) ? spliced(random, text, random.pick(rawParts)) : text.slice(0, random.below(text.length));
  return Buffer.from(text, random.chance(0.5) ? "latin1" : "utf8");
}
