import SwaggerParser from "@apidevtools/swagger-parser";
import { Parser } from "@asyncapi/parser";
import { describe, expect, test } from "vitest";
import { createHttpApp } from "pulsequeue/http";
import pipeline from "../../examples/order-pipeline/app.ts";
import { bodyOf, openDoor } from "./door.ts";

const near = { peer: { local: true } };

describe.each([["the small app"], ["the order pipeline"]])("the documents of %s", (which) => {
  async function read(path: string): Promise<Record<string, unknown>> {
    await using door = await openDoor();
    if (which === "the small app") return await bodyOf(door.ask(path, near));
    const http = createHttpApp({
      app: pipeline,
      queue: door.queue,
      authenticator: { authenticate: () => Promise.reject(new Error("unused")), isCurrent: () => Promise.resolve(true) },
    });
    return await bodyOf(http.fetch(new Request(`http://localhost${path}`), { address: "127.0.0.1", local: true }));
  }

  test("OpenAPI 3.1 is valid under its parser, and lists the routes", async () => {
    const document = await read("/openapi.json");
    await SwaggerParser.validate(structuredClone(document) as never);
    expect(document["openapi"]).toBe("3.1.0");
    expect(Object.keys(document["paths"] as object)).toEqual(expect.arrayContaining(["/v1/events", "/orders/{id}", "/healthz"]));
  });

  test("AsyncAPI 3 is valid under its parser, and lists the events", async () => {
    const document = await read("/asyncapi.json");
    const problems = await new Parser().validate(JSON.stringify(document));
    expect(problems.filter(({ severity }) => String(severity) === "0")).toEqual([]);
    expect(Object.keys(document["channels"] as object)).toContain("order.placed");
  });
});

test("documents and metrics are for this machine and for who has a credential", async () => {
  await using door = await openDoor({ metrics: () => Promise.resolve({ text: "a 1\n", contentType: "text/plain" }) });
  for (const path of ["/openapi.json", "/asyncapi.json", "/metrics"]) {
    expect((await door.ask(path)).status).toBe(401);
    expect((await door.ask(path, near)).status).toBe(200);
    expect((await door.ask(path, { as: "viewer" })).status).toBe(200);
  }
});
