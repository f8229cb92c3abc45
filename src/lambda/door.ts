/** The Lambda function behind the API: the same door as on one machine, for one endpoint, or for ingest and operations. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { App } from "../core/app.ts";
import { deploymentOf } from "../core/deployment.ts";
import { PulseQueueError } from "../core/errors.ts";
import type { Queue } from "../core/queue.ts";
import { endpointEntry, type GatewayRequest, type GatewayResponse } from "../engines/aws/entries/endpoint.ts";
import { openFunctionQueue } from "../engines/aws/queue/open.ts";
import { createHttpApp, type HttpApp } from "../http/app.ts";
import { createAuthenticator } from "../http/identity/authenticator.ts";
import type { HttpAppOptions } from "../http/options.ts";
import { machineClock } from "../machine/clock.ts";
import { issuerOf } from "./issuer.ts";
import { noSecrets, type OpenSecrets } from "./secret-source.ts";
import { createTelemetry, starting, type LambdaFunction } from "./telemetry.ts";

/** What answers `/metrics`: its client is in the bundle of that function alone. */
export type OpenMetrics = (queue: Queue) => NonNullable<HttpAppOptions["metrics"]>;

/**
 * `name`: the endpoint that it answers; `undefined`: everything that is none. The API routes to it by path, its role allows no more.
 *
 * @example export const handler = doorFunction(app, "place-order");
 */
export function doorFunction(
  app: App,
  name?: string,
  secretsOf: OpenSecrets = noSecrets,
  metricsOf?: OpenMetrics,
): LambdaFunction<GatewayRequest, GatewayResponse> {
  return starting(() => openDoor(app, name, secretsOf, metricsOf));
}

function openDoor(
  app: App,
  name: string | undefined,
  secretsOf: OpenSecrets,
  metricsOf: OpenMetrics | undefined,
): LambdaFunction<GatewayRequest, GatewayResponse> {
  const endpoint = name === undefined ? undefined : app.topology.endpoints.get(name);
  if (name !== undefined && endpoint === undefined) throw new PulseQueueError("DEPLOYMENT_MISMATCH", `App ${app.name} declares no endpoint ${name}`);
  const environment = process.env["PULSEQUEUE_ENVIRONMENT"] ?? "";
  const needed = endpoint === undefined ? [] : [...endpoint.grants.secrets, ...(endpoint.webhook === undefined ? [] : [endpoint.webhook.secret])];
  const { secret, prepare } = secretsOf(
    deploymentOf(app.topology, environment),
    needed.map((each) => each.name),
  );
  // API Gateway has verified the tokens of `auth: "jwt"` already. What it says of them is not read: in its texts a list and one name look
  // alike, only those routes have it, and whoever may invoke the function could write it. One machine's semantics hold here too.
  const jwt = issuerOf(process.env, endpoint?.auth === "jwt");
  const { observe, wrap } = createTelemetry(app, secret);
  let opened: Promise<HttpApp> | undefined;
  const open = async (hosts: readonly string[]): Promise<HttpApp> => {
    const clients = { dynamodb: new DynamoDBClient({ maxAttempts: 1 }), sqs: new SQSClient(), lambda: new LambdaClient() };
    const queue = await openFunctionQueue(app, { environment, clients, secrets: secret, observe, subscribe: endpoint === undefined });
    return createHttpApp({
      app,
      queue,
      authenticator: createAuthenticator({
        keys: queue.keys,
        clock: machineClock,
        topology: app.topology,
        webhooks: { secret, nonces: queue.nonces },
        ...(jwt === undefined ? {} : { jwt }),
      }),
      clock: machineClock,
      observe,
      hosts,
      version: process.env["AWS_LAMBDA_FUNCTION_VERSION"] ?? "",
      live: false,
      ...(metricsOf === undefined ? {} : { metrics: metricsOf(queue) }),
    });
  };
  const answer = async (event: GatewayRequest): Promise<GatewayResponse> => {
    await prepare();
    // API Gateway took the request under a name that is the API's own: it is the host that is answered.
    opened ??= open([event.requestContext.domainName]).catch((thrown: unknown) => {
      opened = undefined; // the next request tries again
      throw thrown;
    });
    const http = await opened;
    return endpointEntry((request, address) => Promise.resolve(http.fetch(request, { address, local: false })))(event);
  };
  return wrap(answer);
}
