/** How built functions behave under AWS's runtime client. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import type { BatchResponse, GatewayRequest, GatewayResponse, SqsRecord } from "../../src/engines/aws/index.ts";
import { AwsError } from "../../src/testing/aws/service/errors.ts";
import { createIssuer } from "../support/issuer.ts";
import { parcels, parcelSent } from "./parcels.ts";
import type { End, RunningFunction } from "./runtime-api.ts";
import { messageOf, type World } from "./world.ts";

export interface Check {
  readonly name: string;
  readonly run: () => Promise<void> | void;
}

function request(method: string, path: string, more: Partial<GatewayRequest> = {}): GatewayRequest {
  return {
    rawPath: path,
    rawQueryString: "",
    headers: { host: "api.example.org", "content-type": "application/json" },
    isBase64Encoded: false,
    requestContext: { domainName: "api.example.org", stage: "$default", http: { method, sourceIp: "192.0.2.1" } },
    ...more,
  };
}

function answerOf(ended: End): unknown {
  if (ended.end !== "answer") throw new Error(`it ended in another way: ${JSON.stringify(ended)}`);
  return ended.answer;
}

/** The response of a function behind the API. */
function responseOf(ended: End): GatewayResponse {
  return answerOf(ended) as GatewayResponse;
}

async function started(one: Promise<RunningFunction>): Promise<RunningFunction> {
  const running = await one;
  deepEqual(await running.started, { end: "ready" }, running.output());
  return running;
}

/** What came back of a batch. */
async function batch(one: RunningFunction, Records: readonly SqsRecord[], milliseconds?: number): Promise<readonly string[]> {
  return (answerOf(await one.invoke({ Records }, milliseconds)) as BatchResponse).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

/** As a queue does it: what comes back is handed in again. Behind a slow one that is no fault. */
async function settle(one: RunningFunction, records: readonly SqsRecord[]): Promise<void> {
  for (let left = records, receives = 1; left.length > 0; receives += 1) {
    if (receives > 5) throw new Error(`these came back again and again: ${left.map(({ messageId }) => messageId).join(", ")}`);
    const back = await batch(one, left);
    left = left
      .filter(({ messageId }) => back.includes(messageId))
      .map((record) => ({ ...record, attributes: { ApproximateReceiveCount: String(Number(record.attributes.ApproximateReceiveCount) + 1) } }));
  }
}

/** Functions of an app whose endpoints anybody may call. */
export function behaviours(world: World): readonly Check[] {
  const { deployment, services, queue } = world;
  const name = (declared: string): string => deployment.handlers.get(declared)?.function ?? deployment.endpoints.get(declared) ?? declared;
  const countOf = async (id: string): Promise<unknown> => (await queue.inspect.table(parcels).get(id))?.count;
  const send = (one: RunningFunction, id: string): Promise<End> => one.invoke(request("POST", "/parcels", { body: JSON.stringify({ id }) }));
  let sent = 0;
  /** As many events as asked for, from the endpoint over the relay to messages for the handler. */
  const messages = async (ids: readonly string[]): Promise<readonly SqsRecord[]> => {
    const [door, relay] = [await started(world.start(name("send"))), await started(world.start(deployment.relay))];
    for (const id of ids) equal(responseOf(await send(door, id)).statusCode, 202);
    deepEqual(await batch(relay, world.streamed() as readonly SqsRecord[]), []);
    await Promise.all([door.stop(), relay.stop()]);
    sent += ids.length;
    return world.delivered("parcel.sent");
  };
  const failing = async (fault: () => Promise<void>, run: () => Promise<void>): Promise<void> => {
    services.before = fault;
    try {
      await run();
    } finally {
      services.before = () => Promise.resolve();
    }
  };
  const sameMessages = (records: readonly SqsRecord[], receives: number): readonly SqsRecord[] =>
    records.map(({ body }, index) => messageOf(body, sent * 100 + index, receives));

  return [
    {
      name: "an event goes from an endpoint over the relay to its handler, and takes effect once though its message comes twice",
      async run() {
        const records = await messages(["a", "b", "b"]);
        equal(records.length, 3);
        const one = await started(world.start(name("count")));
        await settle(one, records);
        await settle(one, sameMessages(records, 2));
        deepEqual([await countOf("a"), await countOf("b")], [1, 2]);
        match(one.output(), /"pulsequeue_deliveries_total":3/);
      },
    },
    {
      name: "a process that is warm opens nothing anew",
      async run() {
        const [records, more] = [await messages(["w"]), await messages(["w"])];
        const one = await started(world.start(name("count")));
        await settle(one, records);
        const [opened, pid] = [services.connections(), one.pid];
        await settle(one, more);
        deepEqual([services.connections(), one.pid], [opened, pid]);
        equal(await countOf("w"), 2);
      },
    },
    {
      name: "a variable that is missing is an init error with its code and the way out",
      async run() {
        for (const variable of ["PULSEQUEUE_ENVIRONMENT", "PULSEQUEUE_ACCOUNT"]) {
          const one = await world.start(name("count"), { [variable]: undefined });
          const ended = await one.started;
          if (ended.end !== "init-error") throw new Error(`it ended in another way: ${JSON.stringify(ended)}`);
          match(ended.error.errorType, /^DEPLOYMENT_(?:MISMATCH|INVALID)$/);
          match(ended.error.errorMessage, /\. .+\.$/);
        }
      },
    },
    {
      name: "what is thrown is an error with the code of its cause, and the process goes on",
      async run() {
        const one = await started(world.start(deployment.api));
        await failing(
          () => Promise.reject(new AwsError("AccessDeniedException", "no")),
          async () => {
            const ended = await one.invoke(request("GET", "/healthz"));
            deepEqual(ended.end === "error" ? ended.error.errorType : ended, "AWS_DENIED");
          },
        );
        equal(responseOf(await one.invoke(request("GET", "/healthz"))).statusCode, 200);
      },
    },
    {
      name: "a batch gives back what it has no time for, before its margin",
      async run() {
        const one = await started(world.start(name("count")));
        // Received often, of which nothing is known: each runs alone, and none is given back for being behind a slow one.
        const records = sameMessages(await messages(["t1", "t2", "t3"]), 20);
        await failing(
          () => setTimeout(150),
          async () => {
            const left = await batch(one, records, 7_300); // 2 s of the handler, 5 s of margin, and what the first takes
            ok(left.length > 0 && left.length < 3, `${String(left.length)} came back`);
            deepEqual(
              left,
              records.slice(-left.length).map(({ messageId }) => messageId),
            );
          },
        );
        await settle(one, records);
        deepEqual([await countOf("t1"), await countOf("t2"), await countOf("t3")], [1, 1, 1]);
      },
    },
    {
      name: "a process that is killed at its deadline leaves nothing half done: another one does the work, once",
      async run() {
        const records = await messages(["k"]);
        const one = await started(world.start(name("count")));
        await failing(
          () => new Promise(() => undefined),
          async () => deepEqual(await one.invoke({ Records: records }, 1_500), { end: "timeout" }),
        );
        const other = await started(world.start(name("count")));
        await settle(other, sameMessages(records, 2));
        equal(await countOf("k"), 1);
      },
    },
    {
      name: "SIGTERM ends a process at once, also in the middle of a batch, and another one does the work, once",
      async run() {
        const records = await messages(["s"]);
        const [idle, busy] = [await started(world.start(name("count"))), await started(world.start(name("count")))];
        const ended = await idle.signal("SIGTERM");
        equal(ended.end, "exit");
        await failing(
          () => new Promise(() => undefined),
          async () => {
            const invoked = busy.invoke({ Records: records });
            while (services.sent.at(-1)?.operation.startsWith("DynamoDB") !== true) await setTimeout(10);
            await busy.signal("SIGTERM");
            equal((await invoked).end, "exit");
          },
        );
        const other = await started(world.start(name("count")));
        await settle(other, sameMessages(records, 2));
        equal(await countOf("s"), 1);
      },
    },
    {
      name: "an answer larger than 6 MB is a problem with a code, and less can be asked for",
      async run() {
        const note = "x".repeat(200_000);
        for (let number = 0; number < 40; number += 1) await queue.publish(parcelSent, { id: `large-${String(number)}`, note });
        world.streamed();
        const { token = "" } = await queue.keys.create({ name: "viewer", scope: { roles: ["viewer"], events: [], endpoints: [] } }, { reason: "check" });
        const one = await started(world.start(deployment.api));
        const ask = async (limit: number): Promise<GatewayResponse> => {
          const headers = { host: "api.example.org", authorization: `Bearer ${token}` };
          return responseOf(await one.invoke(request("GET", "/v1/events", { rawQueryString: `limit=${String(limit)}`, headers })));
        };
        const refused = await ask(40);
        equal(refused.statusCode, 413);
        match(refused.body, /"code":"ANSWER_TOO_LARGE"/);
        equal((await ask(20)).statusCode, 200);
      },
    },
    {
      name: "a body in base64 is the same request",
      async run() {
        const one = await started(world.start(name("send")));
        const body = Buffer.from(JSON.stringify({ id: "ä" })).toString("base64");
        const answer = responseOf(await one.invoke(request("POST", "/parcels", { body, isBase64Encoded: true })));
        deepEqual([answer.statusCode, answer.body], [202, '{"id":"ä"}']);
        world.streamed();
      },
    },
    {
      name: "a record that is not ours, and one of an unknown version that comes again and again, are dead letters with their bytes, and do not come again",
      async run() {
        const one = await started(world.start(name("count")));
        const [foreign, unknown] = ["not ours", '{"pulsequeue":99}'];
        const [first] = await messages(["r"]);
        await settle(one, [messageOf(foreign, 9_001), messageOf(unknown, 9_002, 21), ...(first === undefined ? [] : [first])]);
        const dead = world.deliveries().filter(({ raw }) => raw !== undefined);
        const seen = dead.map(({ raw, state, failure }) => [raw, state, failure?.code]).sort();
        deepEqual(
          seen,
          [
            [foreign, "dead", "RECORD_FOREIGN"],
            [unknown, "dead", "ENVELOPE_UNKNOWN"],
          ].sort(),
        );
        equal(await countOf("r"), 1);
      },
    },
  ];
}

/** That each function of the order pipeline starts with nothing but its zip, and that a secret is read once by a warm one. */
export function starts(world: World, names: readonly string[]): readonly Check[] {
  const webhook = world.deployment.endpoints.get("payment-webhook") ?? "";
  return [
    ...names.map((name) => ({
      name: `${name} starts with nothing but its zip`,
      async run() {
        const one = await started(world.start(name));
        await one.stop();
      },
    })),
    {
      name: "a token of the issuer is taken, another's and the word of a forged context are not",
      async run() {
        const one = await started(world.start(world.deployment.endpoints.get("set-product") ?? ""));
        const body = JSON.stringify({ name: "Lamp", unitPrice: 1_000, currency: "EUR" });
        const set = async (token: string): Promise<number> => {
          const event = request("PUT", "/products/SKU-1", { body });
          const headers = { ...event.headers, authorization: `Bearer ${token}` };
          const authorizer = { jwt: { claims: { sub: "ada", roles: "publisher", endpoints: "set-product" } } };
          return responseOf(await one.invoke({ ...event, headers, requestContext: { ...event.requestContext, authorizer } })).statusCode;
        };
        deepEqual([await set(await world.issuer.token("set-product")), await set(await world.issuer.token("set-product", { aud: "bank" }))], [200, 401]);
        deepEqual([await set(await (await createIssuer()).token("set-product")), await set("")], [401, 401]);
      },
    },
    {
      name: "a secret is read once by a process that is warm, and a denied one is an error with a code",
      async run() {
        const one = await started(world.start(webhook));
        const ask = async (): Promise<number> => responseOf(await one.invoke(request("POST", "/webhooks/payments", { body: "{}" }))).statusCode;
        deepEqual([await ask(), await ask()], [401, 401]); // not signed
        equal(world.services.sent.filter(({ operation }) => operation === "secretsmanager.GetSecretValue").length, 1);
        const other = await started(world.start(webhook));
        world.services.before = () => Promise.reject(new AwsError("AccessDeniedException", "no"));
        const ended = await other.invoke(request("POST", "/webhooks/payments", { body: "{}" }));
        world.services.before = () => Promise.resolve();
        deepEqual(ended.end === "error" ? ended.error.errorType : ended, "AWS_DENIED");
      },
    },
  ];
}
