/** What a function says: lines of JSON and metrics, both on its standard output, which is its log. */
import type { App } from "../core/app.ts";
import { isPulseQueueError } from "../core/errors.ts";
import type { Observer } from "../core/ports.ts";
import type { LambdaContext } from "../engines/aws/entries/lambda.ts";
import { createHide } from "../observe/hide.ts";
import { levels, lineOf } from "../observe/lines.ts";
import { createLogger } from "./logger.ts";
import { createFunctionMetrics } from "./metrics.ts";

/** What Lambda tells of an invocation: as much of it as is used here. */
export interface FunctionContext extends LambdaContext {
  readonly awsRequestId: string;
}

export type LambdaFunction<Event, Answer> = (event: Event, context: FunctionContext) => Promise<Answer>;

export interface Telemetry {
  readonly observe: Observer;
  /** The same function, which writes its metrics before it answers: afterwards Lambda may freeze the process. */
  readonly wrap: <Event, Answer>(run: LambdaFunction<Event, Answer>) => LambdaFunction<Event, Answer>;
}

/** `secret`: values that must not be logged. The least level is PULSEQUEUE_LOG_LEVEL, `info` where it is not given. */
export function createTelemetry({ topology }: App, secret: (name: string) => string | undefined): Telemetry {
  const asked = process.env["PULSEQUEUE_LOG_LEVEL"];
  const log = createLogger(levels.find((level) => level === asked) ?? "info");
  const pii = [...topology.events.values(), ...topology.tables.values()].flatMap((declared) => declared.pii);
  const hide = createHide({ pii, secrets: () => [...topology.secrets.keys()].flatMap((name) => secret(name) ?? []) });
  const metrics = createFunctionMetrics(topology, dimensionsOf(topology));
  return {
    observe: (fact) => {
      metrics.observe(fact);
      const { level, message, fields } = lineOf(fact);
      if (!log.isOn(level)) return;
      log.write({ level, message: hide.text(message), fields: hide.fields(fields) });
    },
    wrap: (run) => async (event, context) => {
      log.request(context.awsRequestId);
      try {
        return await run(event, context);
      } catch (thrown) {
        throw coded(thrown);
      } finally {
        metrics.flush();
      }
    },
  };
}

/** What tells a deployment's metrics from all others. */
export function dimensionsOf({ app }: Pick<App["topology"], "app">): Readonly<Record<"app" | "environment", string>> {
  return { app, environment: process.env["PULSEQUEUE_ENVIRONMENT"] ?? "" };
}

/** Runs what a function begins with. */
export function starting<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (thrown) {
    throw coded(thrown);
  }
}

/** Lambda reports the name of an error and its message: there our errors have their code and the way out. */
function coded(thrown: unknown): unknown {
  if (!isPulseQueueError(thrown)) return thrown;
  const details = thrown.issues.map(({ path, message }) => ` ${path}: ${message}.`).join("");
  const error = new Error(`${thrown.message}.${details} ${thrown.fix}`, { cause: thrown });
  error.name = thrown.code;
  return error;
}
