/** What a function says: lines of JSON and metrics, both on its standard output, which is its log. */
import type { App } from "../core/app.ts";
import type { Observer } from "../core/ports.ts";
import { machineClock } from "../machine/clock.ts";
import { createEmf } from "../observe/emf.ts";
import { createHide } from "../observe/hide.ts";
import { jsonLines, levels, lineOf } from "../observe/log.ts";

export interface Telemetry {
  readonly observe: Observer;
  /** The same function, which writes its metrics before it answers: afterwards Lambda may freeze the process. */
  readonly wrap: <Arguments extends readonly unknown[], Answer>(run: (...given: Arguments) => Promise<Answer>) => (...given: Arguments) => Promise<Answer>;
}

/** `secret`: values that must not be logged. The least level is PULSEQUEUE_LOG_LEVEL, `info` where it is not given. */
export function createTelemetry({ topology }: App, secret: (name: string) => string | undefined): Telemetry {
  const asked = process.env["PULSEQUEUE_LOG_LEVEL"];
  const write = jsonLines(process.stdout, levels.find((level) => level === asked) ?? "info", () => machineClock.now());
  const pii = [...topology.events.values(), ...topology.tables.values()].flatMap((declared) => declared.pii);
  const hide = createHide({ pii, secrets: () => [...topology.secrets.keys()].flatMap((name) => secret(name) ?? []) });
  const emf = createEmf({
    topology,
    dimensions: { app: topology.app, environment: process.env["PULSEQUEUE_ENVIRONMENT"] ?? "" },
    write: (line) => void process.stdout.write(line),
    now: () => machineClock.now(),
  });
  return {
    observe: (fact) => {
      emf.observe(fact);
      const { level, message, fields } = lineOf(fact);
      write({ level, message: hide.text(message), fields: hide.fields(fields) });
    },
    wrap:
      (run) =>
      async (...given) => {
        try {
          return await run(...given);
        } finally {
          await emf.flush();
        }
      },
  };
}
