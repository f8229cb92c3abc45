import { expect, test } from "vitest";
import { endpointEntry, type GatewayRequest } from "./endpoint.ts";

const payload = (given: Partial<GatewayRequest> = {}): GatewayRequest => ({
  rawPath: "/orders/1",
  rawQueryString: "",
  headers: { host: "api.example.org", accept: "application/json" },
  isBase64Encoded: false,
  requestContext: { domainName: "api.example.org", stage: "$default", http: { method: "GET", sourceIp: "192.0.2.1" } },
  ...given,
});

const posted = (given: Partial<GatewayRequest>): GatewayRequest =>
  payload({ requestContext: { ...payload().requestContext, http: { method: "POST", sourceIp: "192.0.2.1" } }, ...given });

/** What the door was asked for a payload. */
async function asked(event: GatewayRequest): Promise<{ readonly request: Request; readonly address: string; readonly body: Buffer }> {
  let seen: { readonly request: Request; readonly address: string; readonly body: Buffer } | undefined;
  await endpointEntry(async (request, address) => {
    seen = { request, address, body: Buffer.from(await request.arrayBuffer()) };
    return new Response(undefined, { status: 204 });
  })(event);
  if (seen === undefined) throw new Error("the door was not asked");
  return seen;
}

test("a request has its method, address, path and query as they were sent", async () => {
  const { request, address } = await asked(payload({ rawPath: "/a%20b/c", rawQueryString: "x=1&x=2&y=%2F" }));
  expect(request.url).toBe("https://api.example.org/a%20b/c?x=1&x=2&y=%2F");
  expect(request.method).toBe("GET");
  expect(address).toBe("192.0.2.1");
});

test("its cookies are one header, its headers with several values have all of them", async () => {
  const { request } = await asked(payload({ headers: { host: "api.example.org", "x-many": "1,2" }, cookies: ["a=1", "b=2"] }));
  expect(request.headers.get("cookie")).toBe("a=1; b=2");
  expect(request.headers.get("x-many")).toBe("1,2");
});

test("its body is what was sent, byte by byte", async () => {
  expect((await asked(posted({ body: '{"n":"ä"}' }))).body.toString("utf8")).toBe('{"n":"ä"}');
  const bytes = Buffer.from([0, 255, 128, 10]);
  expect((await asked(posted({ body: bytes.toString("base64"), isBase64Encoded: true }))).body.equals(bytes)).toBe(true);
});

test("a stage is no part of the path", async () => {
  const requestContext = { ...payload().requestContext, stage: "prod" };
  expect((await asked(payload({ rawPath: "/prod/orders", requestContext }))).request.url).toBe("https://api.example.org/orders");
  expect((await asked(payload({ rawPath: "/prod", requestContext }))).request.url).toBe("https://api.example.org/");
  expect((await asked(payload({ rawPath: "/product", requestContext }))).request.url).toBe("https://api.example.org/product");
});

test("a response has its status, headers, cookies and text", async () => {
  const response = new Response('{"n":"ä"}', {
    status: 201,
    headers: [
      ["content-type", "application/problem+json"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2; Path=/"],
      ["vary", "a"],
      ["vary", "b"],
    ],
  });
  const answer = await endpointEntry(() => Promise.resolve(response))(payload());
  expect(answer).toEqual({
    statusCode: 201,
    headers: { "content-type": "application/problem+json", vary: "a, b" },
    cookies: ["a=1", "b=2; Path=/"],
    body: '{"n":"ä"}',
    isBase64Encoded: false,
  });
});

test("a response that is no text goes in base64", async () => {
  const bytes = Buffer.from([137, 80, 78, 71, 0]);
  for (const headers of [{ "content-type": "image/png" }, { "content-type": "application/json", "content-encoding": "gzip" }]) {
    const answer = await endpointEntry(() => Promise.resolve(new Response(bytes, { headers })))(payload());
    expect(answer.isBase64Encoded).toBe(true);
    expect(Buffer.from(answer.body, "base64").equals(bytes)).toBe(true);
  }
  const empty = await endpointEntry(() => Promise.resolve(new Response(undefined, { status: 204 })))(payload());
  expect(empty).toMatchObject({ body: "", isBase64Encoded: false });
});

test("an answer that Lambda would refuse is a problem with a code, counted as it is sent", async () => {
  const limit = 6 * 1024 * 1024;
  const answerOf = (body: string | Buffer<ArrayBuffer>, type: string) =>
    endpointEntry(() => Promise.resolve(new Response(body, { headers: { "content-type": type } })))(payload());
  for (const [body, type] of [
    ["x".repeat(limit), "text/plain"],
    ['"'.repeat(limit / 2), "text/plain"],
    [Buffer.alloc((limit / 4) * 3), "image/png"],
  ] as const) {
    const answer = await answerOf(body, type);
    expect([answer.statusCode, answer.body]).toEqual([413, expect.stringContaining('"code":"ANSWER_TOO_LARGE"')]);
  }
  expect((await answerOf("x".repeat(limit - 1_000), "text/plain")).body).toHaveLength(limit - 1_000);
});
