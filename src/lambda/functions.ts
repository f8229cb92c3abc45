/**
 * The Lambda functions of a deployment, with AWS's clients, secrets and logs: what the bundles of `pulsequeue build` start with.
 * Each is called once, when the process starts; what it returns is the function's handler.
 */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { App } from "../core/app.ts";
import { deploymentOf } from "../core/deployment.ts";
import { PulseQueueError } from "../core/errors.ts";
import { handlerEntry } from "../engines/aws/entries/handler.ts";
import type { BatchResponse, SqsEvent } from "../engines/aws/entries/lambda.ts";
import { tickerEntry } from "../engines/aws/entries/schedule.ts";
import { relayEntry, type RelayEvent } from "../engines/aws/relay/relay.ts";
import { noSecrets, type OpenSecrets } from "./secret-source.ts";
import { createTelemetry, starting, type LambdaFunction } from "./telemetry.ts";

/** The engine retries by itself: the SDK must not, since it does not know what is safe to repeat. */
const dynamodb = (): DynamoDBClient => new DynamoDBClient({ maxAttempts: 1 });

/** @example export const handler = handlerFunction(app, "confirm-order"); */
export function handlerFunction(app: App, name: string, secretsOf: OpenSecrets = noSecrets): LambdaFunction<SqsEvent, BatchResponse> {
  return starting(() => {
    const declared = app.topology.handlers.get(name);
    if (declared === undefined) throw new PulseQueueError("DEPLOYMENT_MISMATCH", `App ${app.name} declares no handler ${name}`);
    const { secret, prepare } = secretsOf(
      deploymentOf(app.topology, process.env["PULSEQUEUE_ENVIRONMENT"] ?? ""),
      declared.grants.secrets.map((each) => each.name),
    );
    const { observe, wrap } = createTelemetry(app, secret);
    return wrap(handlerEntry(app, name, { dynamodb: dynamodb(), sqs: new SQSClient(), secrets: secret, prepare, observe }));
  });
}

/** @example export const handler = relayFunction(app); */
export function relayFunction(app: App): LambdaFunction<RelayEvent, BatchResponse> {
  return starting(() => {
    const { observe, wrap } = createTelemetry(app, () => undefined);
    return wrap(relayEntry(app, { dynamodb: dynamodb(), sqs: new SQSClient(), events: new EventBridgeClient(), scheduler: new SchedulerClient(), observe }));
  });
}

/** @example export const handler = tickerFunction(app); */
export function tickerFunction(app: App): LambdaFunction<unknown, void> {
  return starting(() => {
    const { observe, wrap } = createTelemetry(app, () => undefined);
    return wrap(tickerEntry(app, { dynamodb: dynamodb(), observe }));
  });
}
