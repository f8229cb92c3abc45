import type { App } from "../../core/app.ts";
import { deploymentOf } from "../../core/deployment.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { AwsClients, AwsQueue } from "../../engines/aws/queue/open.ts";
import type { Environment } from "../../synth/index.ts";
import { machineClock } from "../../machine/clock.ts";
import { loadApp } from "../load/app.ts";
import type { Settings } from "../load/settings.ts";
import type { Io } from "../output/io.ts";

export interface OpenedDeployment {
  readonly app: App;
  readonly environment: Environment;
  readonly clients: AwsClients;
  readonly queue: AwsQueue;
}

/**
 * Runs `use` on the queue of the app as it is deployed in `environment`.
 * Throws `PACKAGE_MISSING`, `AWS_…`, `DEPLOYMENT_INVALID`, `STORE_UNAVAILABLE`, and as `loadApp`.
 */
export async function withDeployment<Result>(
  settings: Settings,
  environment: Environment,
  io: Io,
  use: (opened: OpenedDeployment) => Promise<Result>,
): Promise<Result> {
  const app = await loadApp(settings.app, io.cwd);
  const { environment: name, account, region } = environment;
  const clients = await io.connect(region);
  await checkAccount(clients, deploymentOf(app.topology, name).system, environment);
  const { openAws } = await import("../../engines/aws/queue/open.ts");
  // No handler runs here, so nobody asks for a secret's value. The app here may be newer than what is deployed: it must not subscribe.
  const options = { environment: name, account, region, endpoint: io.env["AWS_ENDPOINT_URL"], secrets: () => "", subscribe: false };
  const queue = await openAws(app, { ...options, clients, clock: { ...machineClock, now: io.now } });
  try {
    return await use({ app, environment, clients, queue });
  } finally {
    await queue.close();
  }
}

/** Two accounts may have deployments of one name: nothing is asked of one that is not the environment's. */
async function checkAccount({ dynamodb }: AwsClients, table: string, { environment, account, region }: Environment): Promise<void> {
  const { DescribeTableCommand } = await import("@aws-sdk/client-dynamodb");
  const { awsError } = await import("../../engines/aws/errors.ts");
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: table })).catch((thrown: unknown) => {
    throw awsError(thrown, `DynamoDB refused to show table ${table} of environment ${environment} in ${region}`);
  });
  const found = Table?.TableArn?.split(":")[4];
  if (found !== account)
    throw new PulseQueueError(
      "AWS_ACCOUNT_WRONG",
      `Environment ${environment} is in account ${account}, and the credentials are of account ${found ?? "unknown"}`,
    );
}
