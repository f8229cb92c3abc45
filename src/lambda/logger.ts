/** The log of a function by Powertools: lines of the same form as on one machine, with the request and the trace they belong to. */
import { LogFormatter, Logger, LogItem, LogLevelThreshold } from "@aws-lambda-powertools/logger";
import type { LogAttributes, UnformattedAttributes } from "@aws-lambda-powertools/logger/types";
import type { Level, Line } from "../observe/lines.ts";

export interface FunctionLog {
  /** Whether lines of this level are written. */
  readonly isOn: (level: Level) => boolean;
  readonly write: (line: Line) => void;
  /** From now on lines belong to this request. */
  readonly request: (id: string | undefined) => void;
}

/** Powertools gives a logger its form by a subclass. */
class OneForm extends LogFormatter {
  override formatAttributes({ logLevel, timestamp, message, xRayTraceId }: UnformattedAttributes, { fields, requestId }: LogAttributes): LogItem {
    const head = { level: logLevel.toLowerCase(), time: timestamp.toISOString(), message };
    return new LogItem({ attributes: { ...head, ...(fields as LogAttributes), ...head, requestId, xRayTraceId } });
  }
}

const thresholds = { debug: LogLevelThreshold.DEBUG, info: LogLevelThreshold.INFO, warn: LogLevelThreshold.WARN, error: LogLevelThreshold.ERROR } as const;

/** The level that Lambda's own logging controls ask for counts more than `least`. */
export function createLogger(least: Level): FunctionLog {
  const logger = new Logger({ logLevel: least, logFormatter: new OneForm() });
  return {
    isOn: (level) => thresholds[level] >= logger.level,
    // Under one key: Powertools drops fields that are called like its own, e.g. `service`.
    write: ({ level, message, fields }) => {
      logger[level](message, { fields });
    },
    request: (requestId) => {
      logger.appendKeys({ requestId });
    },
  };
}
