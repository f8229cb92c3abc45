/** The Lambda function of one handler, fed by its SQS queue. */
import type { App } from "../../../core/app.ts";
import { PulseQueueError } from "../../../core/errors.ts";
import type { Sqs } from "../clients.ts";
import { Batch } from "./batch.ts";
import { openRuntime, type RuntimeOptions } from "./context.ts";
import type { BatchResponse, LambdaContext, SqsEvent } from "./lambda.ts";

export interface HandlerEntryOptions extends RuntimeOptions {
  readonly sqs: Sqs;
}

/**
 * A function that takes batches of the handler's queue and answers which messages are to come again. The event source must have
 * `ReportBatchItemFailures`.
 *
 * @example
 * export const handler = handlerEntry(app, "confirm-order", { dynamodb: new DynamoDBClient({ maxAttempts: 1 }), sqs: new SQSClient() });
 *
 * Throws `DEPLOYMENT_MISMATCH` for a handler that the app does not declare, or without the variables of its environment.
 */
export function handlerEntry(app: App, name: string, options: HandlerEntryOptions): (event: SqsEvent, context: LambdaContext) => Promise<BatchResponse> {
  const runtime = openRuntime(app, options);
  const handler = app.topology.handlers.get(name);
  const names = runtime.deployment.handlers.get(name);
  if (handler === undefined || names === undefined) throw new PulseQueueError("DEPLOYMENT_MISMATCH", `App ${app.name} declares no handler ${name}`);
  const queueUrl = runtime.resources.queueUrl(names.queue);
  return async ({ Records }, context) => {
    await runtime.prepare();
    return new Batch({ runtime, handler, sqs: options.sqs, queueUrl, context }).run(Records);
  };
}
