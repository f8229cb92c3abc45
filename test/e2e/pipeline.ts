/** The order pipeline as it is deployed: each way that an order can go, and what an operator does about those that went wrong. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { PutItemCommand, ScanCommand, type AttributeValue } from "@aws-sdk/client-dynamodb";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { orderPlaced } from "../../examples/order-pipeline/events.ts";
import { simulatedProvider } from "../../examples/order-pipeline/providers/simulated.ts";
import { orders, stock, type Order } from "../../examples/order-pipeline/tables.ts";
import type { Deployment } from "../../src/core/deployment.ts";
import type { EventView } from "../../src/core/queue.ts";
import type { AwsQueue, GatewayRequest, GatewayResponse, Resources } from "../../src/engines/aws/index.ts";
import type { Issuer } from "../support/issuer.ts";
import type { Clients } from "./deploy.ts";
import { until } from "./deploy.ts";

export interface Pipeline {
  readonly clients: Clients;
  readonly queue: AwsQueue;
  readonly deployment: Deployment;
  readonly resources: Resources;
  readonly issuer: Pick<Issuer, "token">;
}

export interface Scenario {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const reason = "end-to-end test";
const sku = "SKU-1";

export function scenarios({ clients, queue, deployment, resources, issuer }: Pipeline): readonly Scenario[] {
  const orderOf = (id: string): Promise<Order | undefined> => queue.inspect.table(orders).get(id);
  const reaches = (id: string, state: Order["state"], seconds = 120): Promise<void> =>
    until(async () => (await orderOf(id))?.state === state, `order ${id} ${state}`, seconds);
  const place = async (id: string): Promise<void> => {
    const { token = "" } = await queue.keys.create({ name: `shop ${id}`, scope: { roles: ["publisher"], events: [], endpoints: ["place-order"] } }, { reason });
    const body = {
      orderId: id,
      customer: { name: "Ada", email: "ada@example.org", address: "1 Street" },
      items: [{ sku, quantity: 1 }],
      paymentMethod: "tok_visa",
    };
    const answer = await invoke(deployment.endpoints.get("place-order") ?? "", request("POST", "/orders", JSON.stringify(body), token));
    equal(answer.statusCode, 202, answer.body);
  };
  const invoke = async (name: string, event: GatewayRequest): Promise<GatewayResponse> => {
    const { Payload, FunctionError } = await clients.lambda.send(new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(event)) }));
    const text = Buffer.from(Payload ?? []).toString();
    equal(FunctionError, undefined, text);
    return JSON.parse(text) as GatewayResponse;
  };
  const table = deployment.tables.get(stock.name) ?? "";

  return [
    {
      name: "an order that is paid is confirmed, and its goods leave the shelf",
      async run() {
        const product = JSON.stringify({ name: "Lamp", unitPrice: 1_000, currency: "EUR" });
        const setProduct = async (token: string): Promise<GatewayResponse> =>
          invoke(deployment.endpoints.get("set-product") ?? "", request("PUT", `/products/${sku}`, product, token));
        equal((await setProduct(await issuer.token("set-product", { aud: "another" }))).statusCode, 401);
        equal((await setProduct(await issuer.token("set-product"))).statusCode, 200);
        const receipt = JSON.stringify({ receiptId: "r-1", quantity: 100 });
        const received = request("POST", `/stock/${sku}/receipts`, receipt, await issuer.token("receive-stock"));
        equal((await invoke(deployment.endpoints.get("receive-stock") ?? "", received)).statusCode, 201);
        const id = await orderIdWhere("succeeded", "paid");
        await place(id);
        await reaches(id, "CONFIRMED");
        const row = await queue.inspect.table(stock).get(sku);
        deepEqual([row?.onHand, row?.reserved], [99, 0]);
      },
    },
    {
      name: "an order whose payment is declined is cancelled, and its goods are back",
      async run() {
        const id = await orderIdWhere("declined", "declined");
        await place(id);
        await reaches(id, "CANCELLED");
        const row = await queue.inspect.table(stock).get(sku);
        deepEqual([row?.onHand, row?.reserved], [99, 0]);
      },
    },
    {
      name: "a message that nobody can read is a dead letter with its cause",
      async run() {
        const url = resources.queueUrl(deployment.handlers.get("start-payment")?.queue ?? "");
        await clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: "not ours" }));
        const letters = () => queue.inspect.deadLetters({ handler: "start-payment" });
        await until(async () => (await letters()).length === 1, "dead letter");
        deepEqual(
          (await letters()).map(({ failure }) => failure?.code),
          ["RECORD_FOREIGN"],
        );
        equal((await queue.operate.discard({ handler: "start-payment" }, { reason })).count, 1);
      },
    },
    {
      name: "an order that cannot be handled is a dead letter with its cause, and goes on once that is mended and it is sent again",
      async run() {
        const { Items = [] } = await clients.dynamodb.send(new ScanCommand({ TableName: table }));
        const [row] = Items;
        ok(row !== undefined && Items.length === 1);
        const put = (Item: Record<string, AttributeValue>) => clients.dynamodb.send(new PutItemCommand({ TableName: table, Item }));
        await put({ ...row, b: { S: '{"sku":1}' } });
        const id = await orderIdWhere("succeeded", "mended");
        await place(id);
        const letters = () => queue.inspect.deadLetters({ handler: "keep-stock" });
        await until(async () => (await letters()).length === 1, "dead letter", 180);
        ok((await letters()).every(({ failure }) => failure?.code !== "INTERNAL"));
        await put(row);
        equal((await queue.operate.redrive({ handler: "keep-stock" }, { reason })).count, 1);
        await reaches(id, "CONFIRMED");
        deepEqual(await letters(), []);
      },
    },
    {
      name: "a handler that is paused takes nothing until it is resumed",
      async run() {
        await queue.operate.pause("start-payment", { reason });
        const id = await orderIdWhere("succeeded", "paused");
        await place(id);
        await reaches(id, "RESERVED");
        await queue.operate.resume("start-payment", { reason });
        await reaches(id, "CONFIRMED");
      },
    },
    {
      name: "a replay delivers what was handled once more, and changes nothing that was done",
      async run() {
        const before = await queue.inspect.table(stock).get(sku);
        const { count } = await queue.operate.replay({ handler: "keep-stock", from: new Date(Date.now() - 3_600_000), to: new Date(), reason });
        ok(count >= 4, `${String(count)} were sent`);
        const placed = await queue.inspect.events({ type: orderPlaced.name });
        const isReplayed = async ({ id, source }: EventView): Promise<boolean> => {
          const deliveries = await queue.inspect.deliveries({ eventId: id, source });
          return deliveries.filter(({ handler, state }) => handler === "keep-stock" && state === "done").length === 2;
        };
        for (const event of placed) await until(() => isReplayed(event), `event ${event.id} replayed`);
        deepEqual(await queue.inspect.table(stock).get(sku), before);
      },
    },
  ];
}

function request(method: string, path: string, body: string, token: string): GatewayRequest {
  return {
    rawPath: path,
    rawQueryString: "",
    headers: { host: "api.example.org", "content-type": "application/json", authorization: `Bearer ${token}` },
    body,
    isBase64Encoded: false,
    requestContext: { domainName: "api.example.org", stage: "$default", http: { method, sourceIp: "192.0.2.1" } },
  };
}

/** An id that the app's simulated provider treats so: what it does follows from its seed and the id alone. */
async function orderIdWhere(outcome: "succeeded" | "declined", prefix: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const orderId = `${prefix}-order-${String(number)}`;
    const provider = simulatedProvider({ seed: 1, declines: 0.1, timeouts: 0.02 });
    const key = `order:${orderId}:authorize:1`;
    const asked = { key, kind: "authorize", orderId, amount: 1_000, currency: "EUR", paymentMethod: "tok_visa", authorization: "" } as const;
    if ((await provider.authorize(asked)).outcome === outcome) return orderId;
  }
}
