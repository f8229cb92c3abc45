import { pino, type DestinationStream } from "pino";
import type { Level, Line } from "./lines.ts";

/** Writes lines of JSON: `level`, `time` (ISO 8601), `message` and the fields, one object a line. */
export function jsonLines(destination: DestinationStream, least: Level, now: () => number): (line: Line) => void {
  const logger = pino(
    {
      level: least,
      base: null,
      messageKey: "message",
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
    },
    destination,
  );
  return ({ level, message, fields }) => {
    logger[level](fields, message);
  };
}
