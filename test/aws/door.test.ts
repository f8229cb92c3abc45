/** The real functions behind the API, given API Gateway's payload 2.0: whose tokens they take, and what they do not offer. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { deploymentOf, openAws, type GatewayRequest, type GatewayResponse } from "pulsequeue/aws";
import { apiFunction, doorFunction } from "pulsequeue/lambda";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import orders from "../../examples/order-pipeline/app.ts";
import type { FunctionContext } from "../../src/lambda/telemetry.ts";
import { startServices, type Services } from "../bundles/services.ts";
import { createIssuer, type Issuer } from "../support/issuer.ts";
import { createTables } from "./tables.ts";

const place = { environment: "dev", account: "123456789012", region: "eu-central-1" };
const product = { name: "Lamp", unitPrice: 1_000, currency: "EUR" };
const context: FunctionContext = { awsRequestId: "r-1", getRemainingTimeInMillis: () => 10_000 };

type Door = (event: GatewayRequest, context: FunctionContext) => Promise<GatewayResponse>;

let services: Services;
let issuer: Issuer;

beforeAll(async () => {
  issuer = await createIssuer();
  services = await startServices({});
  createTables(services.aws, deploymentOf(orders.topology, place.environment), orders.topology);
});

beforeEach(() => {
  vi.stubEnv("PULSEQUEUE_ENVIRONMENT", place.environment);
  vi.stubEnv("PULSEQUEUE_ACCOUNT", place.account);
  vi.stubEnv("AWS_REGION", place.region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  vi.stubEnv("AWS_ENDPOINT_URL", services.address);
  for (const [name, value] of Object.entries(issuer.variables)) vi.stubEnv(name, value);
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, "write").mockReturnValue(true);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

afterAll(() => services.stop());

function request(method: string, path: string, token: string | undefined, more: Partial<GatewayRequest> = {}): GatewayRequest {
  return {
    rawPath: path,
    rawQueryString: "",
    headers: {
      host: "api.example.org",
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    isBase64Encoded: false,
    requestContext: { domainName: "api.example.org", stage: "$default", http: { method, sourceIp: "192.0.2.1" } },
    ...more,
  };
}

const set = (token: string | undefined, more: Partial<GatewayRequest> = {}): GatewayRequest =>
  request("PUT", "/products/SKU-1", token, { body: JSON.stringify(product), ...more });

/** Status and code. */
async function refusalOf(door: Door, event: GatewayRequest): Promise<readonly unknown[]> {
  const { statusCode, body } = await door(event, context);
  return [statusCode, (JSON.parse(body) as { readonly code?: unknown }).code];
}

describe("an endpoint with auth `jwt`", () => {
  test("takes a token of its deployment's issuer, by the keys of the issuer alone", async () => {
    const door = doorFunction(orders, "set-product");
    expect(await door(set(await issuer.token("set-product")), context)).toMatchObject({ statusCode: 200, body: '{"sku":"SKU-1"}' });
    const other = await (await createIssuer()).token("set-product");
    expect(await refusalOf(door, set(other))).toEqual([401, "UNAUTHENTICATED"]);
  });

  test("refuses a token without its claims, for another audience, of another issuer, or that is over", async () => {
    const door = doorFunction(orders, "set-product");
    const now = Math.floor(Date.now() / 1_000);
    for (const claims of [{ aud: undefined }, { sub: undefined }, { exp: undefined }, { aud: "bank" }, { iss: "https://other.example.com" }, { exp: now - 1 }])
      expect([claims, await refusalOf(door, set(await issuer.token("set-product", claims)))]).toEqual([claims, [401, "UNAUTHENTICATED"]]);
    for (const claims of [{ endpoints: undefined }, { endpoints: "refund-order" }, { roles: undefined }, { roles: "[publisher]" }])
      expect([claims, await refusalOf(door, set(await issuer.token("set-product", claims)))]).toEqual([claims, [403, "FORBIDDEN"]]);
  });

  test("believes nobody's word for it: no header, no body, no context of an authorizer stands for a token", async () => {
    const door = doorFunction(orders, "set-product");
    const { requestContext, headers } = set(undefined);
    const claims = { iss: "https://id.example.com", aud: "orders", sub: "ada", endpoints: "set-product", exp: "4102444800" };
    const authorizer = { jwt: { claims, scopes: null } };
    const forged = { ...requestContext, authorizer };
    expect(await refusalOf(door, set(undefined))).toEqual([401, "UNAUTHENTICATED"]);
    expect(await refusalOf(door, set(undefined, { requestContext: forged }))).toEqual([401, "UNAUTHENTICATED"]);
    const named = { ...headers, "x-amzn-request-context": JSON.stringify(forged), "x-apigateway-authorizer": JSON.stringify(authorizer) };
    expect(await refusalOf(door, set(undefined, { headers: named }))).toEqual([401, "UNAUTHENTICATED"]);
    expect(await refusalOf(door, set(undefined, { body: JSON.stringify({ ...product, requestContext: forged }) }))).toEqual([401, "UNAUTHENTICATED"]);
    const [head = "", payload = ""] = (await issuer.token("set-product")).split(".");
    const unsigned = `${head}.${payload}.AAAA`;
    expect(await refusalOf(door, set(unsigned, { requestContext: forged }))).toEqual([401, "UNAUTHENTICATED"]);
  });

  test("does not start where its deployment does not say who issues tokens; any other does", () => {
    vi.stubEnv("PULSEQUEUE_JWT_KEYS", undefined);
    for (const start of [() => doorFunction(orders, "set-product"), () => doorFunction(orders, "place-order")])
      expect(start).toThrow(expect.objectContaining({ name: "DEPLOYMENT_MISMATCH", message: expect.stringContaining("PULSEQUEUE_JWT_KEYS") as string }));
    for (const name of Object.keys(issuer.variables)) vi.stubEnv(name, undefined);
    expect(() => doorFunction(orders, "set-product")).toThrow(expect.objectContaining({ name: "DEPLOYMENT_MISMATCH" }));
    expect(() => doorFunction(orders, "place-order")).not.toThrow();
  });
});

test("an operator's token is good for operations too, with the roles that it names and for its tenant", async () => {
  vi.stubEnv("PULSEQUEUE_JWT_TENANT_CLAIM", "org");
  const door = apiFunction(orders);
  const roles = ["viewer"];
  expect(await door(request("GET", "/v1/events", await issuer.token("", { roles, org: "acme" })), context)).toMatchObject({ statusCode: 200 });
  expect(await refusalOf(door, request("GET", "/v1/events", await issuer.token("", { roles })))).toEqual([401, "UNAUTHENTICATED"]);
  expect(await refusalOf(door, request("GET", "/v1/events", await issuer.token("", { org: "acme" })))).toEqual([403, "FORBIDDEN"]);
});

test("a live stream, which a function could never end, and what only a file has are refused with the way out, and not as a server's error", async () => {
  const clients = { dynamodb: new DynamoDBClient({ maxAttempts: 1 }), sqs: services.aws.clients.sqs, lambda: services.aws.clients.lambda };
  const queue = await openAws(orders, { ...place, clients, secrets: () => "whsec_test" });
  const { token } = await queue.keys.create({ name: "viewer", scope: { roles: ["viewer", "operator"], events: [], endpoints: [] } }, { reason: "test" });
  await queue.close();
  clients.dynamodb.destroy();
  const door = apiFunction(orders);
  expect(await refusalOf(door, request("GET", "/v1/stream", undefined))).toEqual([401, "UNAUTHENTICATED"]);
  const refused = await door(request("GET", "/v1/stream", token), context);
  expect(refused.statusCode).toBe(404);
  expect(refused.headers["content-type"]).toBe("application/problem+json");
  expect(JSON.parse(refused.body)).toMatchObject({ code: "CAPABILITY_MISSING" });
  expect(refused.body).toMatch(/GET \/v1\/events\?order=oldest&from=.*pulsequeue tail --env/);
  expect((await door(request("HEAD", "/v1/stream", token), context)).statusCode).toBe(404);
  for (const [path, fields] of Object.entries({ "/v1/backup": {}, "/v1/subjects/erase": { subject: "ada" } })) {
    const body = JSON.stringify({ reason: "test", ...fields });
    expect([path, await refusalOf(door, request("POST", path, token, { body }))]).toEqual([path, [404, "CAPABILITY_MISSING"]]);
  }
  const { body } = await door(request("GET", "/openapi.json", token), context);
  expect(body).toContain("/v1/stream");
});
