/** The AWS engine: the same application on EventBridge, SQS, Lambda and DynamoDB. */
export { deploymentOf, type Deployment, type HandlerDeployment } from "../../core/deployment.ts";
export type { DynamoDb, EventBridge, Lambda, Scheduler, Sqs } from "./clients.ts";
export type { RuntimeOptions } from "./entries/context.ts";
export { endpointEntry, type Fetch, type GatewayRequest, type GatewayResponse } from "./entries/endpoint.ts";
export { handlerEntry, type HandlerEntryOptions } from "./entries/handler.ts";
export type { BatchResponse, LambdaContext, SqsEvent, SqsRecord } from "./entries/lambda.ts";
export { tickerEntry } from "./entries/schedule.ts";
export { awsLacks } from "./lacks.ts";
export { openAws, type AwsClients, type AwsOptions, type AwsQueue } from "./queue/open.ts";
export { relayEntry, type RelayEvent, type RelayOptions, type StreamRecord } from "./relay/relay.ts";
export { resourcesOf, type Place, type Resources } from "./resources.ts";
