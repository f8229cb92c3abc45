/** The real command as a process of its own, on a deployment whose tables and queues are in moto's server. */
import { CreateTableCommand, DynamoDBClient, type DescribeTableCommandOutput } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { virtualClock } from "pulsequeue/testing";
import { deploymentOf, openAws } from "pulsequeue/aws";
import { fakeAws } from "../../src/testing/aws/fake-aws.ts";
import { createProject, orderApp, type Finished } from "../support/cli.ts";
import app, { placed } from "../support/order-app.ts";
import { testEnvironment } from "./life.ts";
import { noNote, tableInput } from "./mirror.ts";
import { createTables } from "./tables.ts";

export interface CommandCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

const credentials = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };

export async function checkCommand(endpoint: string): Promise<readonly CommandCheck[]> {
  const { environment, account, region } = testEnvironment;
  const deployment = deploymentOf(app.topology, environment);
  const options = { endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
  const clients = { dynamodb: new DynamoDBClient({ ...options, maxAttempts: 1 }), sqs: new SQSClient(options), lambda: new LambdaClient(options) };
  const fake = fakeAws({ clock: virtualClock() });
  createTables(fake, deployment, app.topology);
  for (const TableName of fake.dynamodb.tables.keys()) {
    const described = (await fake.dynamodb.service.operations["DescribeTable"]?.run({ TableName }, noNote)) as DescribeTableCommandOutput;
    await clients.dynamodb.send(new CreateTableCommand(tableInput(TableName, described)));
  }
  const queues = [...deployment.handlers.values()].flatMap(({ queue, deadLetterQueue }) => [queue, deadLetterQueue]);
  for (const QueueName of [...queues, deployment.delayQueue, deployment.relayFailures]) await clients.sqs.send(new CreateQueueCommand({ QueueName }));
  const queue = await openAws(app, { environment, account, region, endpoint, clients });
  const { id } = await queue.publish(placed, { orderId: "o-1", quantity: 2, email: "ada@example.org" });
  await queue.close();
  for (const client of Object.values(clients)) client.destroy();

  const project = createProject({ "app.ts": orderApp, "infra/stacks/test/environment.json": JSON.stringify(testEnvironment) });
  const env = { ...credentials, AWS_ENDPOINT_URL: endpoint, PULSEQUEUE_ENV: environment };
  const run = (...args: readonly string[]): Promise<Finished> => project.run([...args, "--json"], { env });
  const checks: CommandCheck[] = [];
  const check = (name: string, { code, stdout, stderr }: Finished, wanted: number, ...texts: readonly string[]): void => {
    const ok = code === wanted && texts.every((text) => `${stdout}${stderr}`.includes(text));
    checks.push({ name, ok, detail: ok ? "" : `exit code ${String(code)}: ${stdout}${stderr}`.slice(0, 500) });
  };
  try {
    check("events ls", await run("events", "ls"), 0, id, "[redacted]");
    check("trace", await run("trace", id), 0, id, '"handler": "confirm"');
    check("handlers ls", await run("handlers", "ls"), 0, '"ready": 1');
    check("tables get", await run("tables", "get", "orders"), 0, "[]");
    check("keys create", await run("keys", "create", "shop", "--role", "viewer", "--reason", "a shop"), 0, '"token": "pq_');
    check("ledger ls", await run("ledger", "ls"), 0, "key-create");
    check("doctor finds that no function is fed", await run("doctor"), 3, '"detail": "5 there"', "confirm is declared here and not deployed");
    check("a pause of what is not deployed", await run("handlers", "pause", "confirm", "--reason", "try"), 1, "AWS_RESOURCE_MISSING");
  } finally {
    project.remove();
  }
  return checks;
}
