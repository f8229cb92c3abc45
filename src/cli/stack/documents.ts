/** The documents of an app's door, from its declaration alone. */
import type { App } from "../../core/app.ts";
import type { Queue } from "../../core/queue.ts";
import { anonymous } from "../../http/access.ts";
import { asyncApi } from "../../http/documents/async-api.ts";
import { openApi } from "../../http/documents/open-api.ts";
import { machineClock } from "../../machine/clock.ts";
import { defaultLimits } from "../../http/options.ts";
import { createRefusals } from "../../http/refusals.ts";
import { createRoutes } from "../../http/routes.ts";
import { createStreams } from "../../http/streams.ts";
import type { Files } from "../../synth/index.ts";

/** What is deployed tells its version itself; a file that changes with each release would hide what changed. */
const version = "unversioned";

export function documentsOf(app: App): Files {
  // The routes are described, never called: nothing behind them is needed.
  const queue = {} as Queue;
  const clock = machineClock;
  const limits = defaultLimits;
  const nobody = (): undefined => undefined;
  const options = {
    app,
    queue,
    clock,
    limits,
    authenticator: { authenticate: () => Promise.resolve(anonymous), isCurrent: () => Promise.resolve(false) },
    observe: nobody,
  };
  const routes = createRoutes({ ...options, refusals: createRefusals(queue.ledger, nobody), streams: createStreams(options), spend: nobody });
  const text = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  return new Map([
    ["openapi.json", text(openApi(app, version, routes))],
    ["asyncapi.json", text(asyncApi(app, version))],
  ]);
}
