/** Answers that must not tell apart what they hide: the same bytes by the same way. How long they take, `npm run bench` prints. */
import { describe, expect, test, vi } from "vitest";
import { createAuthenticator } from "pulsequeue/http";
import { app, cloudEvent, openDoor, publish, type Door } from "./door.ts";

interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly bytes: string;
  /** What was told and recorded of it. */
  readonly refusals: readonly string[];
  /** How often the store was asked, and for what. */
  readonly asked: readonly string[];
}

async function answerOf(door: Door, path: string, as: string): Promise<Answer> {
  const inspect = door.queue.inspect;
  const spies = (["events", "trace", "deliveries", "deadLetters"] as const).map((name) => [name, vi.spyOn(inspect, name)] as const);
  const find = vi.spyOn(door.queue.keys, "find");
  door.facts.length = 0;
  const response = await door.ask(path, { as });
  const asked = [...spies, ["find", find] as const].map(([name, spy]) => `${name} ${String(spy.mock.calls.length)}`);
  vi.restoreAllMocks();
  return {
    status: response.status,
    headers: [...response.headers].sort(),
    bytes: Buffer.from(await response.arrayBuffer()).toString("hex"),
    refusals: door.refusals(),
    asked,
  };
}

describe("what is another tenant's, and what is not there", () => {
  test.each([
    ["an event", (id: string) => `/v1/events/${id}`, "e-1", "e-0"],
    ["its flow", (id: string) => `/v1/events/${id}/trace`, "e-1", "e-0"],
    ["its deliveries", (id: string) => `/v1/events/${id}/deliveries`, "e-1", "e-0"],
    ["a dead letter", (id: string) => `/v1/dead-letters/${id}`, undefined, "take~0"],
  ])("%s", async (_, path, theirs, nobodys) => {
    await using door = await openDoor();
    await publish(door, cloudEvent({ data: { orderId: "o-1", quantity: 666 } }), { as: "tenantB" });
    await door.queue.start();
    await door.queue.idle();
    const [letter] = await door.queue.inspect.deadLetters({});
    const hidden = theirs ?? (letter?.id ?? "").replaceAll("/", "~");
    expect((await door.ask(path(hidden), { as: "tenantB" })).status).toBe(200);
    const foreign = await answerOf(door, path(hidden), "tenantA");
    expect(foreign.status).toBe(404);
    expect(foreign).toEqual(await answerOf(door, path(nobodys), "tenantA"));
  });
});

test("a wrong secret of a key, a revoked key, and a key that there is not", async () => {
  await using plain = await openDoor();
  const { keys, nonces } = plain.queue;
  await using door = await openDoor({
    authenticator: createAuthenticator({ keys, clock: { now: () => 0 }, topology: app.topology, webhooks: { secret: () => undefined, nonces } }),
  });
  const create = async (name: string): Promise<string> => {
    const { token = "" } = await keys.create({ name, scope: { roles: ["viewer"], events: [], endpoints: [] } }, { reason: "test" });
    return token;
  };
  const [known, revoked] = [await create("known"), await create("revoked")];
  const other = (token: string, place: number): string => `${token.slice(0, place)}${token[place] === "0" ? "1" : "0"}${token.slice(place + 1)}`;
  await keys.revoke(revoked.split("_")[1] ?? "", { reason: "test" });
  expect((await door.ask("/v1/events", { as: known })).status).toBe(200);

  const wrong = await answerOf({ ...door, queue: plain.queue, facts: door.facts }, "/v1/events", other(known, known.length - 2));
  expect(wrong.status).toBe(401);
  expect(wrong.asked).toContain("find 1");
  for (const token of [revoked, other(known, "pq_".length)]) {
    expect(await answerOf({ ...door, queue: plain.queue, facts: door.facts }, "/v1/events", token)).toEqual(wrong);
  }
});
