/**
 * Answers that must not tell apart what they hide: the same bytes by the same way, down to the statements that the store runs and the
 * secrets that are compared. How long they take, `npm run bench` prints.
 */
import * as crypto from "node:crypto";
import Database from "better-sqlite3";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createAuthenticator } from "pulsequeue/http";
import { app, cloudEvent, openDoor, publish, structured, type Ask, type Door } from "./door.ts";

vi.mock("node:crypto", { spy: true });
afterEach(() => {
  vi.restoreAllMocks();
});

interface Answer {
  readonly status: number;
  /** Headers and body, without the id that was asked for. */
  readonly text: string;
  /** What was told and recorded of it. */
  readonly refusals: readonly string[];
  /** How often the store of keys was asked, and secrets were compared. */
  readonly compared: readonly number[];
  /** The statements that ran, and how many rows each gave. */
  readonly statements: readonly string[];
}

/** What statements are made of, for every database of this process. */
const statement = Object.getPrototypeOf(new Database(":memory:").prepare("SELECT 1")) as Pick<Database.Statement, "get" | "all" | "run" | "iterate">;

/** Every statement from now on until the spies are restored. */
function watchStatements(): readonly string[] {
  const ran: string[] = [];
  for (const way of ["get", "all", "run", "iterate"] as const) {
    const original = statement[way];
    vi.spyOn(statement, way).mockImplementation(function (this: Database.Statement, ...values: unknown[]) {
      const result: unknown = original.apply(this, values);
      const rows = Array.isArray(result) && way === "all" ? result.length : Number(result !== undefined);
      ran.push(`${this.source}: ${String(rows)}`);
      return result;
    });
  }
  return ran;
}

async function answerOf(door: Door, id: string, path: (id: string) => string, ask: (id: string) => Ask): Promise<Answer> {
  const find = vi.spyOn(door.queue.keys, "find");
  const compare = vi.mocked(crypto.timingSafeEqual).mockClear();
  const statements = watchStatements();
  door.facts.length = 0;
  const response = await door.ask(path(id), ask(id));
  const text = JSON.stringify([[...response.headers].sort(), await response.text()]).replaceAll(id, "");
  const answer = { status: response.status, text, refusals: door.refusals(), compared: [find, compare].map((spy) => spy.mock.calls.length), statements };
  vi.restoreAllMocks();
  return answer;
}

const reason = { reason: "test" };
const plain = (id: string, rest = ""): string => `/v1/events/${id}${rest}`;
const letter = (id: string, rest = ""): string => `/v1/dead-letters/${id}${rest}`;

describe("what is another tenant's, and what is not there", () => {
  const look = (): Ask => ({});
  const act = (): Ask => ({ body: reason });
  const event: Hidden = async () => Promise.resolve(["e-1", "e-0"]);
  const dead: Hidden = async ({ queue }) => [((await queue.inspect.deadLetters({}))[0]?.id ?? "").replaceAll("/", "~"), "take~99~0"];
  const key: Hidden = async ({ queue }) => {
    const scope = { roles: ["viewer"], events: [], endpoints: [] } as const;
    const { id } = (await queue.keys.create({ name: "theirs", scope, tenant: "b" }, reason)).key;
    return [id, `${id.startsWith("a") ? "b" : "a"}${id.slice(1)}`];
  };
  type Hidden = (door: Door) => Promise<readonly [theirs: string, nobodys: string]>;

  test.each<[string, Hidden, (id: string) => string, (id: string) => Ask, status: number]>([
    ["an event", event, (id) => plain(id), look, 404],
    ["its flow", event, (id) => plain(id, "/trace"), look, 404],
    ["its deliveries", event, (id) => plain(id, "/deliveries"), look, 404],
    ["its personal data", event, (id) => plain(id, "/reveal"), act, 404],
    ["a dead letter", dead, (id) => letter(id), look, 404],
    ["a dead letter that is to run again", dead, (id) => letter(id, "/redrive"), act, 404],
    ["a dead letter that is to be given up", dead, (id) => letter(id, "/discard"), act, 404],
    ["a key that is to be revoked", key, (id) => `/v1/keys/${id}/revoke`, act, 404],
    ["a key that is to be rotated", key, (id) => `/v1/keys/${id}/rotate`, act, 404],
    ["events of a flow", event, (id) => `/v1/events?correlationId=${id}`, look, 200],
    ["deliveries of an event", event, (id) => `/v1/deliveries?eventId=${id}`, look, 200],
    ["dead letters of an event", event, (id) => `/v1/dead-letters?eventId=${id}`, look, 200],
    ["an id that is published", event, () => "/v1/events", (id) => ({ headers: structured, body: JSON.stringify(cloudEvent({ id })) }), 202],
  ])("%s", async (_, hidden, path, ask, status) => {
    await using door = await openDoor();
    await publish(door, cloudEvent({ data: { orderId: "o-1", quantity: 666 } }), { as: "tenantB" });
    await door.queue.start();
    await door.queue.idle();
    for (const handler of app.topology.handlers.keys()) await door.queue.operate.pause(handler, reason); // what they do is no part of an answer
    const [theirs, nobodys] = await hidden(door);
    const as = (tenant: string) => (id: string) => ({ as: tenant, ...ask(id) });
    const first = await answerOf(door, nobodys, path, as("tenantA"));
    const foreign = await answerOf(door, theirs, path, as("tenantA"));
    expect(foreign.status).toBe(status);
    expect(foreign).toEqual(first);
    // It is there, and the way to it is watched.
    expect((await answerOf(door, theirs, path, as("tenantB"))).text).not.toBe(foreign.text);
  });
});

test("a wrong secret of a key, a revoked key, and a key that there is not", async () => {
  /** The answer to a token that `make` takes from one of a key that there is, of a door that has refused nobody before. */
  const answer = async (make: (door: Door, token: string) => Promise<string>): Promise<Answer> => {
    await using plain = await openDoor();
    const { keys, nonces } = plain.queue;
    const webhooks = { secret: () => undefined, nonces };
    await using door = await openDoor({ authenticator: createAuthenticator({ keys, clock: { now: () => 0 }, topology: app.topology, webhooks }) });
    const { token = "" } = await keys.create({ name: "known", scope: { roles: ["viewer"], events: [], endpoints: [] } }, reason);
    expect((await door.ask("/v1/events", { as: token })).status).toBe(200);
    const shown: Door = { ...door, queue: plain.queue };
    return await answerOf(
      shown,
      await make(shown, token),
      () => "/v1/events",
      (as) => ({ as }),
    );
  };
  const changed = (token: string, place: number): string => `${token.slice(0, place)}${token[place] === "0" ? "1" : "0"}${token.slice(place + 1)}`;
  const wrong = await answer(async (_door, token) => Promise.resolve(changed(token, token.length - 2)));
  expect([wrong.status, wrong.compared, wrong.statements.length > 0]).toEqual([401, [1, 1], true]);
  expect(await answer(async (_door, token) => Promise.resolve(changed(token, "pq_".length)))).toEqual(wrong);
  const revoked = await answer(async ({ queue }, token) => {
    await queue.keys.revoke(token.split("_")[1] ?? "", reason);
    return token;
  });
  expect(revoked).toEqual(wrong);
});
