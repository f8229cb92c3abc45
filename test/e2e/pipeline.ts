/** The order pipeline as it is deployed: each way that an order can go, and what an operator does about those that went wrong. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { createHmac } from "node:crypto";
import { PutItemCommand, ScanCommand, type AttributeValue } from "@aws-sdk/client-dynamodb";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { orderPlaced } from "../../examples/order-pipeline/events.ts";
import { simulatedProvider } from "../../examples/order-pipeline/providers/simulated.ts";
import { orders, stock, type Order } from "../../examples/order-pipeline/tables.ts";
import type { Deployment } from "../../src/core/deployment.ts";
import type { EventView } from "../../src/core/queue.ts";
import type { AwsQueue, Resources } from "../../src/engines/aws/index.ts";
import type { Issuer } from "../support/issuer.ts";
import type { Answer, Api } from "./api.ts";
import type { Clients } from "./deploy.ts";
import { until } from "./deploy.ts";

export interface Pipeline {
  readonly clients: Clients;
  readonly queue: AwsQueue;
  readonly deployment: Deployment;
  readonly resources: Resources;
  readonly issuer: Pick<Issuer, "token">;
  readonly api: Api;
  /** What the payment provider signs with. */
  readonly secret: string;
}

export interface Scenario {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const reason = "end-to-end test";
const sku = "SKU-1";

export function scenarios({ clients, queue, deployment, resources, issuer, api, secret }: Pipeline): readonly Scenario[] {
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
    const ask = (): Promise<Answer> => api.ask("POST", "/orders", token, JSON.stringify(body), { "idempotency-key": id });
    const answer = await ask();
    equal(answer.status, 202, answer.body);
    deepEqual(await ask(), answer);
  };
  const table = deployment.tables.get(stock.name) ?? "";

  return [
    {
      name: "an order that is paid is confirmed, and its goods leave the shelf",
      async run() {
        const product = JSON.stringify({ name: "Lamp", unitPrice: 1_000, currency: "EUR" });
        const setProduct = (token: string): Promise<Answer> => api.ask("PUT", `/products/${sku}`, token, product);
        equal((await setProduct(await issuer.token("set-product", { aud: "another" }))).status, 401);
        equal((await setProduct(await issuer.token("set-product"))).status, 200);
        const receipt = JSON.stringify({ receiptId: "r-1", quantity: 100 });
        equal((await api.ask("POST", `/stock/${sku}/receipts`, await issuer.token("receive-stock"), receipt)).status, 201);
        const id = await orderIdWhere("succeeded", "paid");
        await place(id);
        await reaches(id, "CONFIRMED");
        const row = await queue.inspect.table(stock).get(sku);
        deepEqual([row?.onHand, row?.reserved], [99, 0]);
      },
    },
    {
      name: "an operator sees the order through the API too, and a live stream is refused with the way out",
      async run() {
        const { token = "" } = await queue.keys.create({ name: "viewer", scope: { roles: ["viewer"], events: [], endpoints: [] } }, { reason });
        const events = await api.ask("GET", `/v1/events?type=${orderPlaced.name}`, token);
        deepEqual([events.status, (JSON.parse(events.body) as { readonly events: readonly unknown[] }).events.length], [200, 1], events.body);
        const stream = await api.ask("GET", "/v1/stream", token);
        deepEqual([stream.status, (JSON.parse(stream.body) as { readonly code?: string }).code], [404, "CAPABILITY_MISSING"]);
      },
    },
    {
      name: "a notice that is signed with the secret is taken once, and no other",
      async run() {
        const time = String(Math.floor(Date.now() / 1_000));
        const notify = async (key: string): Promise<number> => {
          const signature = createHmac("sha256", key).update(`${time}.{}`).digest("hex");
          return (await api.ask("POST", "/webhooks/payments", undefined, "{}", { "stripe-signature": `t=${time},v1=${signature}` })).status;
        };
        deepEqual([await notify("another"), await notify(secret), await notify(secret)], [401, 200, 401]);
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
