/** AWS as functions reach it, by HTTP on loopback: DynamoDB as the fake has it; of the others, what was sent to them. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import * as dynamo from "@aws-sdk/client-dynamodb";
import { fakeAws, type FakeAws } from "../../src/testing/aws/fake-aws.ts";
import { AwsError } from "../../src/testing/aws/service/errors.ts";
import { virtualClock } from "../../src/testing/clock.ts";

export type Input = Readonly<Record<string, unknown>>;

export interface Sent {
  /** E.g. `DynamoDB.TransactWriteItems`. */
  readonly operation: string;
  readonly input: Input;
}

export interface Services {
  readonly address: string;
  readonly aws: FakeAws;
  /** Everything that was asked so far. */
  readonly sent: readonly Sent[];
  /** Connections opened so far. */
  connections(): number;
  /** What is done before an operation is carried out: it may wait, or throw an `AwsError`. */
  before: (operation: string) => Promise<void>;
  stop(): Promise<void>;
}

/** Of DynamoDB's commands those that a function sends. What they are given came over the wire: the fake checks it. */
const commands = new Map<string, (input: never) => { readonly input: object }>([
  ["BatchGetItem", (input) => new dynamo.BatchGetItemCommand(input)],
  ["DeleteItem", (input) => new dynamo.DeleteItemCommand(input)],
  ["GetItem", (input) => new dynamo.GetItemCommand(input)],
  ["PutItem", (input) => new dynamo.PutItemCommand(input)],
  ["Query", (input) => new dynamo.QueryCommand(input)],
  ["TransactWriteItems", (input) => new dynamo.TransactWriteItemsCommand(input)],
  ["UpdateItem", (input) => new dynamo.UpdateItemCommand(input)],
]);

export async function startServices(secrets: Readonly<Record<string, string>>): Promise<Services> {
  const aws = fakeAws({ clock: virtualClock({ now: Date.now() }) });
  const sent: Sent[] = [];
  let connections = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const operation = operationOf(request);
    const body = await text(request);
    const input = (body === "" ? {} : JSON.parse(body)) as Input;
    sent.push({ operation, input });
    try {
      await services.before(operation);
      reply(response, 200, await carryOut(aws, secrets, operation, input));
    } catch (thrown) {
      if (!(thrown instanceof AwsError)) throw thrown;
      const { name, message, $metadata, $fault: _fault, ...details } = thrown;
      reply(response, $metadata.httpStatusCode, { __type: name, message, ...details });
    }
  };
  const server = createServer((request, response) => void answer(request, response));
  server.on("connection", () => (connections += 1));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const services: Services = {
    address: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    aws,
    sent,
    connections: () => connections,
    before: () => Promise.resolve(),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return services;
}

/** `X-Amz-Target: DynamoDB_20120810.PutItem` is `DynamoDB.PutItem`; the REST services are told by their path. */
function operationOf({ headers, method = "", url = "" }: IncomingMessage): string {
  const target = headers["x-amz-target"];
  if (typeof target === "string") return target.replace(/_\d+/, "");
  return `${method} ${url.split("?")[0]?.split("/").slice(0, 2).join("/") ?? ""}`;
}

async function carryOut(aws: FakeAws, secrets: Readonly<Record<string, string>>, operation: string, input: Input): Promise<object> {
  const [service, name = ""] = operation.split(".");
  const entries = (input["Entries"] ?? []) as readonly { readonly Id?: string }[];
  switch (service) {
    case "DynamoDB": {
      const commandOf = commands.get(name);
      if (commandOf === undefined) throw new AwsError("UnknownOperationException", name);
      const { $metadata: _metadata, ...output } = await aws.clients.dynamodb.send(commandOf(input as never) as never);
      return output;
    }
    case "AmazonSQS":
      return { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] };
    case "AWSEvents":
      return { FailedEntryCount: 0, Entries: entries.map((_entry, index) => ({ EventId: String(index) })) };
    case "secretsmanager": {
      const value = secrets[String(input["SecretId"])];
      if (value === undefined) throw new AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
      return { ARN: "arn", Name: input["SecretId"], SecretString: value };
    }
    default:
      return { ScheduleArn: "arn", EventSourceMappings: [] };
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(body));
}
