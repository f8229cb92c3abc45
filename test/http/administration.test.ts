import type { Principal } from "pulsequeue";
import type { HttpAppOptions } from "pulsequeue/http";
import { keyAuthenticator } from "../../src/http/key-authenticator.ts";
import { machineClock } from "../../src/machine/clock.ts";
import { describe, expect, test } from "vitest";
import { bodyOf, cloudEvent, openDoor, publish, type Door } from "./door.ts";

const act = { reason: "a test" };
const dry = { ...act, dryRun: true };
const as = "all";
const vault = { masterKey: new Uint8Array(32).fill(7) };

async function actions(door: Door): Promise<readonly string[]> {
  return (await door.queue.ledger.entries({ after: 0 })).map(({ by, action, result }) => `${by} ${action} ${result}`);
}

async function make(door: Door, body: object, who = as): Promise<{ readonly id: string; readonly token: string }> {
  const { key, token } = (await bodyOf(door.ask("/v1/keys", { as: who, body: { ...act, ...body } }))) as { key: { id: string }; token: string };
  return { id: key.id, token };
}

describe("keys over HTTP", () => {
  const shop = { name: "shop", roles: ["publisher"], events: ["order.placed"], ttl: "90d" };

  test("are made, listed, rotated and revoked, first dry, each with one entry in the ledger", async () => {
    await using door = await openDoor();
    const made = await door.ask("/v1/keys", { as, body: { ...dry, ...shop } });
    expect([made.status, await made.json()]).toMatchObject([201, { key: { name: "shop" } }]);
    expect(await actions(door)).toEqual([]);
    const { id, token } = await make(door, shop);
    expect(token).toMatch(/^pq_/);
    const accepts = async (secret: string): Promise<Principal> =>
      keyAuthenticator(door.queue.keys, machineClock).authenticate(
        { method: "GET", path: "/", headers: new Headers({ authorization: `Bearer ${secret}` }), rawBody: new Uint8Array(), address: "" },
        ["api-key"],
        "/",
      );
    expect(await accepts(token)).toMatchObject({ scope: { roles: ["publisher"], events: ["order.placed"], endpoints: [] } });
    const listed = await bodyOf(door.ask("/v1/keys", { as: "auditor" }));
    expect(listed).toMatchObject({ keys: [{ id, name: "shop", state: "active" }] });
    expect(JSON.stringify(listed)).not.toContain("hash");
    expect(await bodyOf(door.ask(`/v1/keys/${id}/rotate`, { as, body: { ...dry, overlap: "0s" } }))).not.toHaveProperty("token");
    const next = (await bodyOf(door.ask(`/v1/keys/${id}/rotate`, { as, body: { ...act, overlap: "0s" } }))) as { token: string };
    await expect(accepts(token)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await accepts(next.token);
    expect(await bodyOf(door.ask(`/v1/keys/${id}/revoke`, { as: "operator", body: dry }))).toEqual({ count: 1, dryRun: true });
    expect(await bodyOf(door.ask(`/v1/keys/${id}/revoke`, { as: "operator", body: act }))).toEqual({ count: 1, dryRun: false });
    await expect(accepts(next.token)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(await actions(door)).toEqual(["key:all key-create ok", "key:all key-rotate ok", "key:operator key-revoke ok"]);
  });

  test.each([
    ["a role", { name: "x", roles: ["auditor"] }],
    ["all events", { name: "x", roles: ["operator"], events: "*" }],
    ["an event", { name: "x", roles: ["operator"], events: ["order.placed"] }],
    ["an endpoint", { name: "x", roles: ["operator"], endpoints: ["place"] }],
  ])("nobody gives away %s that they do not have, by a new key or by the token of another one", async (_name, body) => {
    await using door = await openDoor();
    expect((await door.ask("/v1/keys", { as: "operator", body: { ...act, ...body } })).status).toBe(403);
    const { id } = await make(door, body);
    expect((await door.ask(`/v1/keys/${id}/rotate`, { as: "operator", body: act })).status).toBe(403);
    expect((await door.queue.keys.find(id))?.secrets).toHaveLength(1);
  });

  test.each([
    [{ name: "x", roles: ["king"] }, "KEY_SCOPE_INVALID"],
    [{ name: "x", roles: [] }, "KEY_SCOPE_INVALID"],
    [{ name: "", roles: ["viewer"] }, "KEY_SCOPE_INVALID"],
    [{ name: "x", roles: "viewer" }, "REQUEST_INVALID"],
    [{ name: "x", roles: ["viewer"], ttl: "soon" }, "REQUEST_INVALID"],
  ])("%j is refused", async (body, code) => {
    await using door = await openDoor();
    expect(await bodyOf(door.ask("/v1/keys", { as, body: { ...act, ...body } }))).toMatchObject({ code });
  });

  test("of another tenant are answered as what is not there", async () => {
    await using door = await openDoor();
    const whole = await make(door, { name: "whole", roles: ["viewer"] });
    const mine = await make(door, { name: "mine", roles: ["viewer"] }, "tenantA");
    expect(await bodyOf(door.ask("/v1/keys", { as: "tenantA" }))).toMatchObject({ keys: [{ id: mine.id, tenant: "a" }] });
    expect(await bodyOf(door.ask("/v1/keys", { as: "tenantB" }))).toEqual({ keys: [] });
    expect((await door.ask("/v1/keys", { as: "tenantB", body: { ...act, name: "x", roles: ["viewer"], tenant: "a" } })).status).toBe(403);
    const ask = async (id: string, verb: string): Promise<unknown> => {
      const response = await door.ask(`/v1/keys/${id}/${verb}`, { as: "tenantB", body: act });
      return [response.status, await response.text()];
    };
    for (const verb of ["rotate", "revoke"]) for (const { id } of [whole, mine]) expect(await ask(id, verb)).toEqual(await ask("none", verb));
    expect((await door.ask(`/v1/keys/${mine.id}/revoke`, { as: "tenantA", body: act })).status).toBe(200);
  });
});

describe("incidents over HTTP", () => {
  test("are scoped from a principal on, and contained in one entry, first dry", async () => {
    await using door = await openDoor();
    await publish(door, cloudEvent(), { as: "publisher" });
    await door.queue.start();
    await door.queue.idle();
    const { id } = await make(door, { name: "shop", roles: ["viewer"] });
    const scope = await bodyOf(door.ask("/v1/incidents/scope?principal=key:publisher", { as: "auditor" }));
    expect(scope).toMatchObject({ events: [{ id: "e-1" }], effects: ["orders/o-1"], handlers: ["take"] });
    expect(JSON.stringify(scope)).not.toContain("quantity");
    expect((await door.ask("/v1/incidents/scope", { as })).status).toBe(400);
    expect((await door.ask("/v1/incidents/scope?event=none", { as })).status).toBe(404);
    const body = { handlers: ["take"], keys: [id] };
    expect(await bodyOf(door.ask("/v1/incidents/contain", { as, body: { ...dry, ...body } }))).toEqual({ paused: ["take"], revoked: [id], dryRun: true });
    expect(await bodyOf(door.ask("/v1/incidents/contain", { as, body: { ...act, ...body } }))).toEqual({ paused: ["take"], revoked: [id], dryRun: false });
    expect(await actions(door)).toEqual(["key:all key-create ok", "key:all contain ok"]);
    for (const [path, init] of [
      ["/v1/incidents/scope?since=0", {}],
      ["/v1/incidents/contain", { body: { ...act, ...body } }],
    ] as const)
      expect((await door.ask(path, { as: "tenantA", ...init })).status).toBe(403);
  });

  test("what is tried without success is recorded as failed, once", async () => {
    await using door = await openDoor();
    expect((await door.ask("/v1/incidents/contain", { as, body: { ...act, handlers: ["take"], keys: ["none"] } })).status).toBe(404);
    expect((await door.ask("/v1/handlers/none/pause", { as, body: act })).status).toBe(404);
    expect((await door.ask("/v1/handlers/none/pause", { as, body: dry })).status).toBe(404);
    expect((await door.ask("/v1/handlers/take/pause", { as, body: { reason: "" } })).status).toBe(400);
    expect(await actions(door)).toEqual(["key:all contain failed", "key:all pause failed"]);
    expect((await door.queue.ledger.entries())[0]).toMatchObject({ subject: "none", reason: "a test (HANDLER_UNKNOWN)" });
  });
});

describe("personal data over HTTP", () => {
  const ada = cloudEvent({ data: { orderId: "o-1", quantity: 1, email: "ada@example.org" } });
  const open = async (options: Partial<HttpAppOptions> = {}): Promise<Door> => {
    const door = await openDoor(options, { vault });
    await publish(door, ada);
    await door.queue.start();
    await door.queue.idle();
    return door;
  };

  test("a row is shown with it to who says why, which is recorded; a dry run shows it redacted", async () => {
    await using door = await open();
    const path = "/v1/tables/orders/reveal";
    expect(await bodyOf(door.ask(path, { as, body: { ...dry, key: "o-1" } }))).toEqual({ orderId: "o-1", email: "[redacted]" });
    expect(await actions(door)).toEqual([]);
    expect(await bodyOf(door.ask(path, { as, body: { ...act, key: "o-1" } }))).toEqual({ orderId: "o-1", email: "ada@example.org" });
    expect(await bodyOf(door.ask(path, { as, body: { ...act, key: { orderId: "o-1" } } }))).toMatchObject({ email: "ada@example.org" });
    expect(await actions(door)).toEqual(["key:all reveal ok", "key:all reveal ok"]);
    expect((await door.ask(path, { as, body: { ...act, key: "none" } })).status).toBe(404);
    expect((await door.ask(path, { as, body: act })).status).toBe(400);
    expect((await door.ask("/v1/tables/none/reveal", { as, body: { ...act, key: "x" } })).status).toBe(404);
    expect((await door.ask(path, { as: "tenantA", body: { ...act, key: "o-1" } })).status).toBe(403);
  });

  test("a person is erased from events and rows, first dry, under a name that is not theirs", async () => {
    await using door = await open();
    const erase = (body: object): Promise<Record<string, unknown>> => bodyOf(door.ask("/v1/subjects/erase", { as, body: { subject: "o-1", ...body } }));
    expect(await erase(dry)).toEqual({ count: 1, dryRun: true });
    expect(await bodyOf(door.ask("/v1/events/e-1/reveal", { as, body: act }))).toMatchObject({ data: { email: "ada@example.org" } });
    expect(await erase(act)).toEqual({ count: 1, dryRun: false });
    expect(await bodyOf(door.ask("/v1/events/e-1/reveal", { as, body: act }))).toMatchObject({ data: { email: "[erased]" } });
    expect(await bodyOf(door.ask("/v1/tables/orders/reveal", { as, body: { ...act, key: "o-1" } }))).toMatchObject({ email: "[erased]" });
    const [entry, ...others] = await door.queue.ledger.entries({ action: "erase" });
    expect(others).toEqual([]);
    expect(entry?.subject).toMatch(/^subject:/);
    expect((await door.ask("/v1/subjects/erase", { as: "tenantA", body: { ...act, subject: "o-1" } })).status).toBe(403);
    expect((await door.ask("/v1/subjects/erase", { as, body: act })).status).toBe(400);
  });
});
