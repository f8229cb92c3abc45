import type { Observer } from "../core/ports.ts";
import type { Topology } from "../core/topology.ts";
import { createHide, type Fields, type Hide } from "../observe/hide.ts";
import { levels, lineOf, type Level, type Line } from "../observe/lines.ts";
import { jsonLines } from "../observe/log.ts";
import { usageError } from "./exit.ts";
import type { Io } from "./output/io.ts";
import type { Printer } from "./output/printer.ts";
import { plainJson, printable, shortId, type Paint } from "./output/text.ts";
import { clockTime } from "./output/time.ts";

/** What a running engine says, a line each. */
export interface Log {
  info(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** What the engine observed: attempts that fail are warnings, dead letters are errors, the rest is for `debug`. */
  readonly fact: Observer;
  /** From now on hides what the app declares as personal data, and the values of its secrets. */
  declare(topology: Topology, secret: (name: string) => string | undefined): void;
}

/** The least level that is logged, from `PULSEQUEUE_LOG_LEVEL`. Throws a usage error for another word. */
export function levelOf(env: Io["env"], preset: Level): Level {
  const word = env["PULSEQUEUE_LOG_LEVEL"] ?? "";
  if (word === "") return preset;
  const level = levels.find((known) => known === word.toLowerCase());
  if (level === undefined) throw usageError(`PULSEQUEUE_LOG_LEVEL "${word}" is no level`, `Use one of ${levels.join(", ")}.`);
  return level;
}

/** Writes to standard output: lines for people, or JSON lines with `--json`. */
export function createLog({ io, print }: { readonly io: Io; readonly print: Pick<Printer, "json" | "paint"> }, least: Level): Log {
  const write = print.json ? jsonLines(io.stdout, least, io.now) : prettyLines(io, print.paint, least);
  let hide: Hide = createHide({ pii: [], secrets: () => [] });
  const log = ({ level, message, fields }: Line): void => {
    write({ level, message: hide.text(message), fields: hide.fields(fields) });
  };
  return {
    info: (message, fields = {}) => {
      log({ level: "info", message, fields });
    },
    error: (message, fields = {}) => {
      log({ level: "error", message, fields });
    },
    fact: (fact) => {
      log(lineOf(fact));
    },
    declare: ({ events, tables, secrets }, secret) => {
      const pii = [...events.values(), ...tables.values()].flatMap((declared) => declared.pii);
      hide = createHide({ pii, secrets: everySecond(io.now, () => [...secrets.keys()].flatMap((name) => valueOf(name, secret))) });
    },
  };
}

function valueOf(name: string, secret: (name: string) => string | undefined): readonly string[] {
  try {
    return [secret(name) ?? []].flat();
  } catch {
    return []; // what cannot be read cannot have been logged
  }
}

/** Secrets rotate, but not with every line. */
function everySecond<Value>(now: () => number, read: () => Value): () => Value {
  let known: { readonly value: Value; readonly at: number } | undefined;
  return () => {
    const at = now();
    if (known === undefined || at - known.at >= 1_000) known = { value: read(), at };
    return known.value;
  };
}

function prettyLines(io: Pick<Io, "stdout" | "now">, paint: Paint, least: Level): (line: Line) => void {
  const from = levels.indexOf(least);
  return (line) => {
    if (levels.indexOf(line.level) >= from) io.stdout.write(pretty(io.now(), line, paint));
  };
}

const colours = { debug: "dim", info: "cyan", warn: "yellow", error: "red" } as const;
/** What people read in the message already. */
const inMessage: ReadonlySet<string> = new Set(["handler", "outcome", "event", "method", "route", "status"]);
const ids: ReadonlySet<string> = new Set(["eventId", "correlationId"]);

function pretty(now: number, { level, message, fields }: Line, paint: Paint): string {
  const words = Object.entries(fields)
    .filter(([name, value]) => !(inMessage.has(name) && message.includes(String(value))) && !(name === "correlationId" && value === fields["eventId"]))
    .map(([name, value]) => paint("dim", `${name}=${shown(name, value)}`));
  return `${[paint("dim", clockTime(new Date(now).toISOString())), paint(colours[level], level.padEnd(5)), printable(message), ...words].join(" ")}\n`;
}

function shown(name: string, value: unknown): string {
  if (ids.has(name) && typeof value === "string") return printable(shortId(value));
  return printable(typeof value === "string" && !value.includes(" ") ? value : JSON.stringify(value ?? null, plainJson));
}
