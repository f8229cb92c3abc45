import { expect, test } from "vitest";
import { createAuthenticator } from "pulsequeue/http";
import type { ObservedFact } from "../../src/core/ports.ts";
import { createLog } from "../../src/cli/log.ts";
import { app, cloudEvent, openDoor, structured, type Ask } from "./door.ts";

test("each of 1,000 requests has exactly one line of its own, with who asked, and no token, no data and no caller's text in it", async () => {
  const lines: string[] = [];
  const stdout = { write: (text: string) => lines.push(...text.trim().split("\n")) > 0 };
  const log = createLog({ io: { stdout, now: () => 0 } as never, print: { json: true, paint: (_colour, text) => text } }, "debug");
  let observe: (fact: ObservedFact) => void = () => undefined;
  await using plain = await openDoor();
  const { keys, nonces } = plain.queue;
  const authenticator = createAuthenticator({ keys, clock: Date, topology: app.topology, webhooks: { secret: () => undefined, nonces } });
  await using door = await openDoor({ authenticator, observe: (fact) => observe(fact) });
  log.declare(app.topology, () => undefined);
  observe = log.fact;
  const { key, token = "" } = await keys.create({ name: "shop", scope: { roles: ["publisher", "viewer"], events: "*", endpoints: "*" } }, { reason: "a test" });
  const canary = (index: number): string => `pq_canary${String(index)}`;
  const kinds: readonly ((index: number) => readonly [path: string, ask: Ask])[] = [
    (index) => ["/v1/events", { as: token, headers: structured, body: JSON.stringify(cloudEvent({ id: `e-${String(index)}` })) }],
    (index) => ["/v1/events", { as: canary(index), headers: structured, body: "{}" }],
    (index) => [`/v1/events?type=${canary(index)}`, { as: token }],
    (index) => [`/v1/events/${canary(index)}`, { as: token }],
    (index) => [`/${canary(index)}?access_token=${token}`, {}],
    (index) => ["/v1/events", { as: token, headers: structured, body: JSON.stringify(cloudEvent({ data: { token: canary(index) } })) }],
    (index) => ["/orders/7", { as: token, headers: { "x-correlation-id": `r-${String(index)}` }, body: { quantity: 1, [canary(index)]: token } }],
    (index) => ["/broken", { headers: { cookie: canary(index) }, body: {} }],
    (index) => [`//${canary(index)}`, { headers: { "user-agent": token } }],
    (index) => ["/healthz", { headers: { host: `${canary(index).replace("_", "-")}.example` } }],
  ];
  for (let index = 0; index < 1_000; index += 1) {
    const from = lines.length;
    const kind = kinds[index % kinds.length];
    if (kind === undefined) throw new Error("there is no such kind");
    const [path, ask] = kind(index);
    const { status } = await door.ask(path, ask);
    const records = lines.slice(from).map((line) => JSON.parse(line) as Record<string, unknown>);
    const told = records.filter((record) => "status" in record);
    expect(told).toMatchObject([
      { status, principal: ask.as === token ? `key:${key.id}` : (expect.any(String) as unknown), milliseconds: expect.any(Number) as unknown },
    ]);
  }
  expect(lines.join("\n")).not.toMatch(/canary/);
  expect(lines.join("\n")).not.toContain(token.split("_")[2]);
});
