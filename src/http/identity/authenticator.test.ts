import { describe, expect, test } from "vitest";
import { defineApp, defineEndpoint, defineEvent, defineHandler, defineSecret } from "pulsequeue";
import { openLocal } from "pulsequeue/local";
import { virtualClock } from "pulsequeue/testing";
import { Webhook } from "standardwebhooks";
import { z } from "zod";
import { createAuthenticator } from "./authenticator.ts";

const given = defineEvent("work.given", { schema: z.object({}) });
const secretValue = `whsec_${Buffer.from("of the sender, 32 characters long").toString("base64")}`;
const hook = defineEndpoint("hook", {
  method: "POST",
  path: "/hook",
  auth: "webhook",
  webhook: { scheme: "standard", secret: defineSecret("hook-secret") },
  handle: () => ({ status: 202 }),
});
const app = defineApp("keyed", { handlers: [defineHandler("work", { on: given, handle: () => undefined })], endpoints: [hook] });
const reason = "for the test";
const unauthenticated = { code: "UNAUTHENTICATED" };

async function opened() {
  const clock = virtualClock();
  const queue = await openLocal(app, { file: ":memory:", clock, secrets: () => secretValue });
  const authenticator = createAuthenticator({
    keys: queue.keys,
    clock,
    topology: app.topology,
    webhooks: { secret: () => secretValue, nonces: queue.nonces },
  });
  const ask = (headers: Record<string, string>, accepts: readonly ("api-key" | "jwt" | "webhook")[] = ["api-key", "jwt"], body = "") =>
    authenticator.authenticate(
      { method: "POST", path: "/", headers: new Headers(headers), rawBody: Buffer.from(body), address: "192.0.2.1" },
      accepts,
      accepts.includes("webhook") ? "hook" : "/v1/events",
    );
  const bearer = (token: string | undefined) => ask({ authorization: `Bearer ${token ?? ""}` });
  const { key, token } = await queue.keys.create(
    { name: "shop", scope: { roles: ["publisher"], events: "*", endpoints: [] }, tenant: "acme", ttl: "2h" },
    { reason },
  );
  return { clock, queue, authenticator, ask, bearer, key, token };
}

describe("an API key", () => {
  test("is its principal, with the scope and tenant it was made with", async () => {
    const { queue, bearer, key, token } = await opened();
    expect(await bearer(token)).toMatchObject({ id: `key:${key.id}`, kind: "api-key", tenant: "acme", scope: { roles: ["publisher"] } });
    await queue.close();
  });

  test("that is none, cut, of another key, or not accepted here is refused", async () => {
    const { queue, ask, bearer, key, token } = await opened();
    const other = await queue.keys.create({ name: "b", scope: { roles: ["viewer"], events: [], endpoints: [] } }, { reason });
    const mixed = `pq_${key.id}_${other.token?.split("_").slice(2).join("_") ?? ""}`;
    for (const bad of ["", "pq_", `${token ?? ""}x`, token?.slice(0, -1), mixed, `pq_${"0".repeat(16)}_${"A".repeat(43)}`, "a.b.c"])
      await expect(bearer(bad)).rejects.toMatchObject(unauthenticated);
    await expect(ask({})).rejects.toMatchObject(unauthenticated);
    await expect(ask({ authorization: `Basic ${token ?? ""}` })).rejects.toMatchObject(unauthenticated);
    await expect(ask({ authorization: `Bearer ${token ?? ""}` }, ["jwt"])).rejects.toMatchObject(unauthenticated);
    await queue.close();
  });

  test("that is revoked ends at once, on open connections too; one that expires ends at its time", async () => {
    const { clock, queue, authenticator, bearer, key, token } = await opened();
    const principal = await bearer(token);
    expect(await authenticator.isCurrent(principal)).toBe(true);
    await queue.keys.revoke(key.id, { reason });
    expect(await authenticator.isCurrent(principal)).toBe(false);
    await expect(bearer(token)).rejects.toMatchObject(unauthenticated);
    const short = await queue.keys.create({ name: "c", scope: { roles: ["viewer"], events: [], endpoints: [] }, ttl: "1h" }, { reason });
    const guest = await bearer(short.token);
    clock.advance("1h");
    expect(await authenticator.isCurrent(guest)).toBe(false);
    await expect(bearer(short.token)).rejects.toMatchObject(unauthenticated);
    await queue.close();
  });

  test("that is rotated is the same principal under both secrets; the old one ends with the overlap, on open connections too", async () => {
    const { clock, queue, authenticator, bearer, key, token } = await opened();
    const before = await bearer(token);
    const next = await queue.keys.rotate(key.id, { reason, overlap: "1h" });
    const after = await bearer(next.token);
    expect(after.id).toBe(before.id);
    expect(await authenticator.isCurrent(before)).toBe(true);
    clock.advance("1h");
    expect([await authenticator.isCurrent(before), await authenticator.isCurrent(after)]).toEqual([false, true]);
    await expect(bearer(token)).rejects.toMatchObject(unauthenticated);
    await queue.close();
  });
});

describe("a webhook", () => {
  test("is the principal of its endpoint, by its signature alone, and once", async () => {
    const { clock, queue, ask, token } = await opened();
    const headers = {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(Math.floor(clock.now() / 1_000)),
      "webhook-signature": new Webhook(secretValue).sign("msg_1", new Date(clock.now()), "{}"),
    };
    expect(await ask(headers, ["webhook"], "{}")).toMatchObject({ id: "webhook:hook", kind: "webhook" });
    await expect(ask(headers, ["webhook"], "{}")).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
    await expect(ask({ authorization: `Bearer ${token ?? ""}` }, ["webhook"], "{}")).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
    await queue.close();
  });
});

test("an endpoint says how its sender signs, or it is refused", () => {
  const options = { method: "POST", path: "/x", handle: () => ({}) } as const;
  const webhook = { scheme: "standard", secret: defineSecret("s") } as const;
  expect(() => defineEndpoint("x", { ...options, auth: "webhook" })).toThrow(/needs `webhook/);
  expect(() => defineEndpoint("x", { ...options, auth: "api-key", webhook })).toThrow(/no other auth/);
  expect(() => defineEndpoint("x", { ...options, auth: "webhook", webhook: { ...webhook, scheme: "own" as "stripe" } })).toThrow(/scheme/);
});
