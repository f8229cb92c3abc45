import type { App } from "../../core/app.ts";
import { virtualClock } from "../clock.ts";
import { fakeAws } from "./fake-aws.ts";
import { simulateOn } from "./simulate-on.ts";
import type { AwsEngine, SimulateAwsOptions, SimulatedAws } from "./simulated-aws.ts";

/**
 * Deploys `app` into an AWS of its own, in memory and on a virtual clock. `engine`: all of `pulsequeue/aws`.
 *
 * @example
 * import * as engine from "pulsequeue/aws";
 * const aws = simulateAws(app, engine);
 * aws.start();
 * const { queue } = await aws.open();
 * await queue.publish(orderPlaced, { orderId: "o-1" });
 * await settle(queue, aws.clock);
 *
 * Throws `DEPLOYMENT_INVALID` for an app that cannot be deployed.
 */
export function simulateAws(app: App, engine: AwsEngine, options: SimulateAwsOptions = {}): SimulatedAws {
  const { clock = virtualClock() } = options;
  return simulateOn(fakeAws({ ...options, clock }), app, engine, { ...options, clock });
}
