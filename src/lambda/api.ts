/** The Lambda function of ingest and operations: the door for everything that is no endpoint, `/metrics` among it. */
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { App } from "../core/app.ts";
import type { GatewayRequest, GatewayResponse } from "../engines/aws/entries/endpoint.ts";
import { machineClock } from "../machine/clock.ts";
import { createSummedMetrics } from "../observe/sums.ts";
import { cloudWatchSums } from "./cloudwatch.ts";
import { doorFunction } from "./door.ts";
import { noSecrets } from "./secret-source.ts";
import { dimensionsOf, type LambdaFunction } from "./telemetry.ts";

/** @example export const handler = apiFunction(app); */
export function apiFunction(app: App): LambdaFunction<GatewayRequest, GatewayResponse> {
  const { topology } = app;
  return doorFunction(app, undefined, noSecrets, (queue) => {
    const { scrape } = createSummedMetrics({
      topology,
      sums: cloudWatchSums({ client: new CloudWatchClient(), dimensions: dimensionsOf(topology), now: () => machineClock.now() }),
      handlers: () => queue.inspect.handlers(),
      auditChain: async () => (await queue.ledger.verify()).ok,
      monotonic: () => machineClock.monotonic(),
    });
    return scrape;
  });
}
