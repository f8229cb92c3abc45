import { defineApp, defineEndpoint, defineEvent, defineHandler } from "pulsequeue";
import { openLocal } from "pulsequeue/local";
import { expect, test } from "vitest";
import { z } from "zod";
import { recordConfiguration, type StartedWith } from "./configuration.ts";

const happened = defineEvent("happened", { schema: z.object({ n: z.int() }) });
const handlers = [defineHandler("one", { on: happened, handle: () => undefined })];
const app = defineApp("shop", { handlers });
const open = (auth: "public" | "api-key"): typeof app =>
  defineApp("shop", { handlers, endpoints: [defineEndpoint("look", { method: "GET", path: "/look", auth, handle: () => ({}) })] });

const first: StartedWith = { app, version: "1.0.0", url: "http://127.0.0.1:8080", certificate: undefined, isEncrypted: false, options: {} };
const jwt = { jwtIssuer: "https://issuer", jwtAudience: "shop", jwtKeys: "https://user:canary-1@issuer/keys?token=canary-2" };

test("a start is recorded where it differs from the last one, with nothing of a secret", async () => {
  const queue = await openLocal(app, { file: ":memory:" });
  const recorded = async (started: StartedWith): Promise<boolean> => {
    const { sequence } = await queue.ledger.head();
    await recordConfiguration(queue.ledger, started);
    return (await queue.ledger.head()).sequence > sequence;
  };
  const starts: readonly StartedWith[] = [
    first,
    { ...first, url: "https://0.0.0.0:443", certificate: "canary-3" },
    { ...first, url: "https://0.0.0.0:443", certificate: "another" },
    { ...first, isEncrypted: true },
    { ...first, options: { behindProxy: true } },
    { ...first, options: { allowHost: ["shop.example"] } },
    { ...first, options: { allowHost: Array.from({ length: 500 }, (_, n) => `host-${String(n)}`) } },
    { ...first, options: { allowHost: Array.from({ length: 501 }, (_, n) => `host-${String(n)}`) } },
    { ...first, options: jwt },
    { ...first, options: { ...jwt, jwtTenantClaim: "org" } },
    { ...first, app: open("api-key") },
    { ...first, app: open("public") },
    first,
  ];
  for (const started of starts) expect([await recorded(started), await recorded(started)]).toEqual([true, false]);
  const entries = await queue.ledger.entries({ action: "configuration", after: 0 });
  expect(entries.map(({ reason }) => reason).slice(0, 2)).toEqual(["the first start", "started with another configuration"]);
  expect(JSON.stringify(entries)).not.toContain("canary");
  expect((await queue.ledger.verify()).ok).toBe(true);
  await queue.close();
});
