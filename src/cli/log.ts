import type { ObservedFact, Observer } from "../core/ports.ts";
import { usageError } from "./exit.ts";
import type { Io } from "./output/io.ts";
import type { Printer } from "./output/printer.ts";
import { plainJson, printable, shortId, type Paint } from "./output/text.ts";
import { clockTime } from "./output/time.ts";

const levels = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof levels)[number];
type Fields = Readonly<Record<string, unknown>>;

/** What a running engine says, a line each. */
export interface Log {
  info(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** What the engine observed: attempts that fail are warnings, dead letters are errors, the rest is for `debug`. */
  readonly fact: Observer;
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
  const from = levels.indexOf(least);
  const write = (level: Level, message: string, fields: Fields): void => {
    if (levels.indexOf(level) < from) return;
    const time = new Date(io.now()).toISOString();
    io.stdout.write(print.json ? `${JSON.stringify({ time, level, message, ...fields }, plainJson)}\n` : pretty(time, level, message, fields, print.paint));
  };
  return {
    info: (message, fields = {}) => {
      write("info", message, fields);
    },
    error: (message, fields = {}) => {
      write("error", message, fields);
    },
    fact: (fact) => {
      const line = lineOf(fact);
      write(line.level, line.message, line.fields);
    },
  };
}

function lineOf(fact: ObservedFact): { readonly level: Level; readonly message: string; readonly fields: Fields } {
  switch (fact.type) {
    case "published":
      return {
        level: "debug",
        message: `${fact.event} accepted`,
        fields: { count: fact.count, ...(fact.duplicates > 0 ? { duplicates: fact.duplicates } : {}) },
      };
    case "settled": {
      const { handler, event, eventId, state, attempt, milliseconds, failure } = fact;
      const fields = {
        event,
        eventId,
        attempt,
        milliseconds: Math.round(milliseconds),
        ...(failure === undefined ? {} : { code: failure.code, reason: failure.message }),
      };
      return { level: state === "dead" ? "error" : state === "retrying" ? "warn" : "debug", message: `${handler} ${state}`, fields };
    }
    case "conflict":
      return { level: "debug", message: `${fact.handler} runs again, since rows it read have changed`, fields: {} };
    case "request":
      return {
        level: fact.status >= 500 ? "error" : "debug",
        message: `${fact.method} ${fact.route} ${String(fact.status)}`,
        fields: { milliseconds: Math.round(fact.milliseconds) },
      };
    case "refused":
      return { level: "warn", message: `a request to ${fact.route} was refused`, fields: { reason: fact.reason } };
    case "log":
      return { level: fact.level, message: fact.message, fields: fact.fields };
  }
}

const colours = { debug: "dim", info: "cyan", warn: "yellow", error: "red" } as const;

function pretty(time: string, level: Level, message: string, fields: Fields, paint: Paint): string {
  const words = Object.entries(fields).map(([name, value]) => paint("dim", `${name}=${shown(name, value)}`));
  return `${[paint("dim", clockTime(time)), paint(colours[level], level.padEnd(5)), printable(message), ...words].join(" ")}\n`;
}

function shown(name: string, value: unknown): string {
  if (name === "eventId" && typeof value === "string") return printable(shortId(value));
  return printable(typeof value === "string" && !value.includes(" ") ? value : JSON.stringify(value ?? null, plainJson));
}
