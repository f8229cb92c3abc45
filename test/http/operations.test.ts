import { virtualClock } from "pulsequeue/testing";
import { describe, expect, test } from "vitest";
import { bodyOf, cloudEvent, openDoor, principals, publish, structured, type Door } from "./door.ts";

const act = { reason: "a test" };

async function deadLetter(door: Door, as = "publisher", id = "bad"): Promise<string> {
  await publish(door, cloudEvent({ id, data: { orderId: id, quantity: 666, email: "ada@example.org" } }), { as });
  await door.queue.start();
  await door.queue.idle();
  const [letter] = await door.queue.inspect.deadLetters({ eventId: id });
  return (letter?.id ?? "").replaceAll("/", "~");
}

describe("operators", () => {
  test("see an event, its flow, its deliveries with their reason, and no personal data until they say why", async () => {
    await using door = await openDoor();
    const id = await deadLetter(door);
    const as = "operator";
    expect(await bodyOf(door.ask("/v1/events/bad", { as }))).toMatchObject({ data: { email: "[redacted]" } });
    expect(await bodyOf(door.ask("/v1/events?type=order.placed&key=bad", { as }))).toMatchObject({
      events: [{ id: "bad", data: { email: "[redacted]" } }],
      next: null,
    });
    expect(await bodyOf(door.ask("/v1/events/bad/trace", { as }))).toMatchObject({
      trace: [{ event: { data: { email: "[redacted]" } }, deliveries: [{ handler: "take", state: "dead" }] }],
    });
    expect(await bodyOf(door.ask("/v1/events/bad/deliveries", { as }))).toMatchObject({
      deliveries: [{ reason: expect.stringContaining("there are not so many") as string }],
    });
    expect(await bodyOf(door.ask(`/v1/dead-letters/${id}`, { as }))).toMatchObject({ event: { data: { email: "[redacted]" } } });
    expect(await bodyOf(door.ask("/v1/events/bad/reveal", { as, body: act }))).toMatchObject({ data: { email: "ada@example.org" } });
    expect(await door.queue.ledger.entries({ action: "reveal" })).toMatchObject([{ by: "key:operator", reason: "a test" }]);
  });

  test("redrive and discard, first dry", async () => {
    await using door = await openDoor();
    const id = await deadLetter(door);
    const as = "operator";
    const path = `/v1/dead-letters/${id}/discard`;
    expect(await bodyOf(door.ask(path, { as, body: { ...act, dryRun: true } }))).toEqual({ count: 1, dryRun: true });
    expect(await bodyOf(door.ask("/v1/dead-letters/redrive", { as, body: { ...act, filter: { handler: "take" } } }))).toEqual({ count: 1, dryRun: false });
    await door.queue.idle();
    expect(await bodyOf(door.ask(path, { as, body: act }))).toEqual({ count: 1, dryRun: false });
    expect((await door.ask(path, { as, body: act })).status).toBe(404);
    expect(await door.queue.ledger.entries({ by: "key:operator" })).toMatchObject([{ action: "discard", result: "ok" }, { action: "redrive" }]);
  });

  test("pause, resume and replay a handler", async () => {
    await using door = await openDoor();
    await publish(door, cloudEvent());
    await door.queue.start();
    await door.queue.idle();
    const as = "operator";
    expect(await bodyOf(door.ask("/v1/handlers/take/pause", { as, body: act }))).toMatchObject({ dryRun: false });
    expect(await bodyOf(door.ask("/v1/handlers/take", { as }))).toMatchObject({ paused: true });
    await door.ask("/v1/handlers/take/resume", { as, body: act });
    expect(await bodyOf(door.ask("/v1/handlers/take/replay", { as, body: { ...act, from: 0, to: "2100-01-01T00:00:00Z" } }))).toMatchObject({ count: 1 });
    expect((await door.ask("/v1/handlers/none/pause", { as, body: act })).status).toBe(404);
  });

  test.each([
    ["no reason", {}, "OPERATION_INVALID"],
    ["an empty reason", { reason: " " }, "OPERATION_INVALID"],
    ["another field", { ...act, force: true }, "REQUEST_INVALID"],
    ["a wrong dryRun", { ...act, dryRun: "no" }, "REQUEST_INVALID"],
    ["a list", [], "REQUEST_INVALID"],
  ])("%s is refused", async (_name, body, code) => {
    await using door = await openDoor();
    expect(await bodyOf(door.ask("/v1/handlers/take/pause", { as: "operator", body }))).toMatchObject({ code });
  });

  test("pages have cursors, newest first and oldest first", async () => {
    await using door = await openDoor();
    for (const id of ["1", "2", "3"]) await publish(door, cloudEvent({ id }));
    for (const [order, ids] of [
      ["newest", ["3", "2", "1"]],
      ["oldest", ["1", "2", "3"]],
    ] as const) {
      const seen: string[] = [];
      for (let cursor = ""; ;) {
        const page = (await bodyOf(door.ask(`/v1/events?order=${order}&limit=2${cursor}`, { as: "viewer" }))) as {
          events: { id: string }[];
          next: string | null;
        };
        seen.push(...page.events.map(({ id }) => id));
        if (page.next === null) break;
        cursor = `&cursor=${page.next}`;
      }
      expect(seen).toEqual(ids);
    }
    expect((await door.ask("/v1/events?cursor=x", { as: "viewer" })).status).toBe(400);
  });

  test.each([
    ["/v1/deliveries?handler=take", "deliveries"],
    ["/v1/dead-letters?", "deadLetters"],
    ["/v1/tables/orders/rows?", "rows"],
  ])("%s is read page by page", async (path, list) => {
    await using door = await openDoor();
    for (const n of [1, 2, 3, 4, 5]) {
      await publish(door, cloudEvent({ id: `bad-${n}`, data: { orderId: `bad-${n}`, quantity: 666 } }));
      await publish(door, cloudEvent({ id: `good-${n}`, data: { orderId: `good-${n}`, quantity: 1 } }));
    }
    await door.queue.start();
    await door.queue.idle();
    const ask = async (limit: number, cursor: string): Promise<Record<string, unknown>> =>
      await bodyOf(door.ask(`${path}&limit=${limit}${cursor}`, { as: "viewer" }));
    const all = (await ask(1_000, ""))[list] as unknown[];
    expect(all).toHaveLength(5);
    const seen: unknown[] = [];
    for (let cursor = ""; ;) {
      const page = await ask(2, cursor);
      seen.push(...(page[list] as unknown[]));
      if (page["next"] === null) break;
      cursor = `&cursor=${page["next"] as string}`;
    }
    expect(seen).toEqual(all);
    expect((await door.ask(`${path}&cursor=p1`, { as: "viewer" })).status).toBe(400);
    expect((await door.ask(`${path}&cursor=t!`, { as: "viewer" })).status).toBe(400);
  });

  test("who sees several sources or tenants names the event's, where its id is not enough", async () => {
    await using door = await openDoor();
    const located = await publish(door, cloudEvent());
    expect(located.status).toBe(202);
    await publish(door, cloudEvent({ source: "https://other.example", data: { orderId: "other", quantity: 1 } }));
    await publish(door, cloudEvent({ data: { orderId: "a", quantity: 1, email: "ada@example.org" } }), { as: "tenantA" });
    const as = "operator";
    for (const path of ["/v1/events/e-1", "/v1/events/e-1/trace", "/v1/events/e-1/deliveries"]) {
      expect((await door.ask(path, { as })).status).toBe(400);
      expect((await door.ask(`${path}?source=https://other.example`, { as })).status).toBe(200);
      expect((await door.ask(`${path}?tenant=none`, { as })).status).toBe(404);
      expect((await door.ask(`${path}?tenant=b`, { as: "tenantA" })).status).toBe(403);
      expect((await door.ask(path, { as: "tenantA" })).status).toBe(200);
    }
    expect(await bodyOf(door.ask("/v1/events/e-1?source=https://other.example", { as }))).toMatchObject({ data: { orderId: "other" } });
    expect(await bodyOf(door.ask("/v1/events/e-1/deliveries?tenant=a", { as }))).toMatchObject({ deliveries: [{ key: "a" }] });
    expect(await bodyOf(door.ask("/v1/events/e-1/trace?source=https://other.example", { as }))).toMatchObject({
      trace: [{ event: { data: { orderId: "other" } } }],
    });
    const reveal = { ...act, source: "https://shop.example", tenant: "a" };
    expect((await door.ask("/v1/events/e-1/reveal", { as, body: act })).status).toBe(400);
    expect(await bodyOf(door.ask("/v1/events/e-1/reveal", { as, body: reveal }))).toMatchObject({ data: { email: "ada@example.org" } });
    expect(await door.queue.ledger.entries({ action: "reveal" })).toMatchObject([{ subject: "event e-1 of https://shop.example" }]);
  });
});

const reads = [
  "/v1/events",
  "/v1/events/e-1",
  "/v1/events/e-1/trace",
  "/v1/events/e-1/deliveries",
  "/v1/deliveries",
  "/v1/dead-letters",
  "/v1/dead-letters/x",
  "/v1/handlers",
  "/v1/handlers/take",
  "/v1/tables",
  "/v1/tables/orders/rows",
  "/v1/schedules",
];
const acts = [
  "/v1/dead-letters/redrive",
  "/v1/dead-letters/discard",
  "/v1/dead-letters/x/redrive",
  "/v1/dead-letters/x/discard",
  "/v1/handlers/take/pause",
  "/v1/handlers/take/resume",
  "/v1/handlers/take/replay",
  "/v1/events/e-1/reveal",
  "/v1/tables/orders/reveal",
  "/v1/subjects/erase",
  "/v1/keys",
  "/v1/keys/x/rotate",
  "/v1/keys/x/revoke",
  "/v1/incidents/contain",
  "/v1/backup",
];
const audits = ["/v1/ledger", "/v1/ledger/head"];
/** Read by operators and by auditors, not by who only looks. */
const oversight = ["/v1/keys", "/v1/incidents/scope"];

describe("every act", () => {
  test("of the documents is among those tried here, and every other route as well", async () => {
    await using door = await openDoor();
    const { paths } = (await bodyOf(door.ask("/openapi.json", { as: "viewer" }))) as { readonly paths: Readonly<Record<string, object>> };
    const named = (path: string): string => path.replace("/tables/orders", "/tables/{name}").replace("/handlers/take", "/handlers/{name}");
    const tried = new Set([...reads, ...acts, ...audits, ...oversight].map((path) => named(path).replace(/\/(?:e-1|x)(?=\/|$)/, "/{id}")));
    const others = ["/v1/events", "/v1/stream", "/v1/ledger/verify"];
    expect(Object.keys(paths).filter((path) => path.startsWith("/v1/") && !tried.has(path) && !others.includes(path))).toEqual([]);
  });

  test.each(acts)("%s needs a reason, and tried dry it changes and records nothing", async (path) => {
    await using door = await openDoor({ backup: () => Promise.reject(new Error("it was made")) }, { vault: { masterKey: new Uint8Array(32).fill(7) } });
    const letter = await deadLetter(door);
    await publish(door, cloudEvent({ data: { orderId: "o-1", quantity: 1, email: "ada@example.org" } }));
    await door.queue.idle();
    const made = await door.queue.keys.create({ name: "shop", scope: { roles: ["viewer"], events: [], endpoints: [] } }, act);
    const at = path.replace("/dead-letters/x/", `/dead-letters/${letter}/`).replace("/keys/x/", `/keys/${made.key.id}/`);
    const more: Readonly<Record<string, object>> = {
      "/v1/dead-letters/redrive": { filter: { all: true } },
      "/v1/dead-letters/discard": { filter: { all: true } },
      "/v1/handlers/take/replay": { from: 0, to: "2100-01-01T00:00:00Z" },
      "/v1/tables/orders/reveal": { key: "o-1" },
      "/v1/subjects/erase": { subject: "o-1" },
      "/v1/keys": { name: "more", roles: ["operator"] },
      "/v1/incidents/contain": { handlers: ["take"] },
    };
    const state = async (): Promise<unknown> => {
      const { inspect, keys, ledger } = door.queue;
      return [await inspect.handlers(), await inspect.deliveries(), await inspect.deadLetters(), await keys.list(), await ledger.entries()];
    };
    const before = await state();
    const ask = (body: object): Promise<Response> => door.ask(at, { as: "all", body: { ...more[path], ...body } });
    for (const body of [{}, { reason: "" }, { reason: " " }, { reason: "x".repeat(1_001) }]) expect(await bodyOf(ask(body))).toMatchObject({ status: 400 });
    const dry = await ask({ ...act, dryRun: true });
    expect([200, 201]).toContain(dry.status);
    expect(await dry.text()).not.toMatch(/ada@example|pq_/);
    expect(await state()).toEqual(before);
  });
});

describe("every principal × every operation", () => {
  const allowed = (roles: readonly string[], method: string, path: string): boolean =>
    method === "GET" && oversight.includes(path)
      ? roles.includes("operator") || roles.includes("auditor")
      : acts.includes(path)
        ? roles.includes("operator")
        : audits.includes(path) || path === "/v1/ledger/verify"
          ? roles.includes("auditor")
          : roles.includes("viewer") || roles.includes("operator");
  const operations: readonly (readonly [method: string, path: string])[] = [
    ...[...reads, ...audits, ...oversight].map((path) => ["GET", path] as const),
    ...[...acts, "/v1/ledger/verify"].map((path) => ["POST", path] as const),
  ];

  test.each(Object.entries(principals).filter(([, { tenant }]) => tenant === undefined))(
    "%s may do what its roles say and nothing else",
    async (as, { scope }) => {
      await using door = await openDoor();
      await publish(door, cloudEvent());
      door.refusals();
      for (const [method, path] of operations) {
        const response = await door.ask(path, { method, as, ...(method === "POST" ? { body: path.includes("verify") ? {} : act } : {}) });
        const isAllowed = allowed(scope.roles, method, path);
        expect(`${path} ${response.status === 403 ? "denied" : "allowed"}`).toBe(`${path} ${isAllowed ? "allowed" : "denied"}`);
        if (!isAllowed) expect(door.refusals()).toHaveLength(1);
        door.refusals();
      }
    },
  );

  test.each(Object.entries(principals))("%s publishes the events of its scope and nothing else", async (as, { scope }) => {
    await using door = await openDoor();
    for (const [type, data] of [
      ["order.placed", { orderId: "o", quantity: 1 }],
      ["order.cancelled", { orderId: "o" }],
      ["order.unknown", {}],
    ] as const) {
      const isAllowed = scope.roles.includes("publisher") && (scope.events === "*" || scope.events.includes(type));
      const { status } = await publish(door, cloudEvent({ id: type, type, data }), { as });
      expect([type, status]).toEqual([type, isAllowed ? (type === "order.unknown" ? 404 : 202) : 403]);
    }
  });

  test.each(Object.entries(principals))("%s calls the endpoints of its scope and nothing else", async (as, { scope }) => {
    await using door = await openDoor();
    const isAllowed = scope.roles.includes("publisher") && (scope.endpoints === "*" || scope.endpoints.includes("place"));
    expect((await door.ask("/orders/7?a=1", { as, body: { quantity: 1 } })).status).toBe(isAllowed ? 202 : 403);
    expect((await door.ask("/orders/7", { as })).status).toBe(200);
  });
});

describe("tenants", () => {
  test("what another tenant has is answered exactly as what is not there", async () => {
    await using door = await openDoor();
    const id = await deadLetter(door, "tenantA");
    const strip = async (path: string, ask: object): Promise<unknown> => {
      const response = await door.ask(path, { as: "tenantB", ...ask });
      return { status: response.status, body: await response.text(), headers: [...response.headers] };
    };
    for (const path of ["/v1/events/ID", "/v1/events/ID/trace", "/v1/events/ID/deliveries"])
      expect(await strip(path.replace("ID", "bad"), {})).toEqual(await strip(path.replace("ID", "none"), {}));
    for (const act of ["redrive", "discard"])
      expect(await strip(`/v1/dead-letters/${id}/${act}`, { body: { reason: "r" } })).toEqual(
        await strip(`/v1/dead-letters/${id.replace(/\d+/, "999")}/${act}`, { body: { reason: "r" } }),
      );
    expect(await strip("/v1/events/bad/reveal", { body: { reason: "r" } })).toEqual(await strip("/v1/events/none/reveal", { body: { reason: "r" } }));
    for (const [path, list] of [
      ["/v1/events", "events"],
      ["/v1/deliveries", "deliveries"],
      ["/v1/dead-letters", "deadLetters"],
    ] as const) {
      expect((await bodyOf(door.ask(path, { as: "tenantB" })))[list]).toEqual([]);
      expect((await bodyOf(door.ask(path, { as: "tenantA" })))[list]).toHaveLength(1);
    }
    expect(await bodyOf(door.ask("/v1/dead-letters/redrive", { as: "tenantB", body: { reason: "r", filter: { all: true } } }))).toEqual({
      count: 0,
      dryRun: false,
    });
  });

  test("the same source and id of two tenants are two events, and neither learns of the other", async () => {
    await using door = await openDoor();
    for (const as of ["tenantA", "tenantB"]) {
      expect(await publish(door, cloudEvent({ data: { orderId: as, quantity: 1 } }), { as })).toMatchObject({ status: 202, body: { duplicate: false } });
      expect(await publish(door, cloudEvent({ data: { orderId: as, quantity: 1 } }), { as })).toMatchObject({ status: 202, body: { duplicate: true } });
    }
    for (const as of ["tenantA", "tenantB"]) {
      expect(await bodyOf(door.ask("/v1/events/e-1", { as }))).toMatchObject({ data: { orderId: as } });
      expect((await bodyOf(door.ask("/v1/events/e-1/deliveries", { as })))["deliveries"]).toHaveLength(1);
    }
    const stored = await door.queue.inspect.events({ id: "e-1", after: 0 });
    expect(stored.map(({ source, tenant }) => [source, tenant])).toEqual([
      ["https://shop.example", "a"],
      ["https://shop.example", "b"],
    ]);
  });

  test("what belongs to the whole application is not for a tenant, and no event names another tenant", async () => {
    await using door = await openDoor();
    for (const path of ["/v1/handlers", "/v1/tables", "/v1/tables/orders/rows", "/v1/schedules", "/v1/ledger"])
      expect((await door.ask(path, { as: "tenantA" })).status).toBe(403);
    expect((await door.ask("/v1/handlers/take/pause", { as: "tenantA", body: act })).status).toBe(403);
    expect((await publish(door, cloudEvent({ tenantid: "b" }), { as: "tenantA" })).status).toBe(403);
    expect((await publish(door, cloudEvent({ tenantid: "a" }), { as: "tenantA" })).status).toBe(202);
  });
});

describe("live streams", () => {
  test("send what comes, go on after the last id, and end when the credential does", async () => {
    await using door = await openDoor();
    await publish(door, cloudEvent({ id: "before" }));
    const response = await door.ask("/v1/stream", { as: "viewer", headers: { "last-event-id": "0" } });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = "";
    const until = async (part: string): Promise<void> => {
      while (!text.includes(part)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`ended without ${part}`);
        text += new TextDecoder().decode(value);
      }
    };
    await until('"id":"before"');
    await publish(door, cloudEvent({ id: "after", data: { orderId: "o", quantity: 1, email: "ada@example.org" } }));
    await until('"id":"after"');
    await door.queue.start();
    await until("event: settled");
    expect(text).not.toContain("ada@example.org");
    door.revoked.add("viewer");
    for (let isOver = false; !isOver;) isOver = (await reader.read()).done;
    expect((await door.ask("/v1/stream", { as: "viewer" })).status).toBe(401);
  });

  test("end within half a second of the credential's end, and not before", async () => {
    const clock = virtualClock();
    await using door = await openDoor({ clock });
    const reader = ((await door.ask("/v1/stream", { as: "viewer" })).body as ReadableStream<Uint8Array>).getReader();
    const rest = (async (): Promise<string> => {
      let text = "";
      for (let next = await reader.read(); !next.done; next = await reader.read()) text += new TextDecoder().decode(next.value);
      return text;
    })();
    clock.advance("60s");
    await publish(door, cloudEvent({ id: "seen" }));
    clock.advance("1s");
    await expect.poll(() => door.facts.some((fact) => fact.type === "published")).toBe(true);
    door.revoked.add("viewer");
    clock.advance("500ms");
    expect(await rest).toContain('"id":"seen"');
  });

  test("a tenant's stream holds its own events only, and there are only so many streams", async () => {
    await using door = await openDoor({ limits: { streams: 1 } });
    await publish(door, cloudEvent({ id: "theirs" }), { as: "tenantB" });
    await publish(door, cloudEvent({ id: "ours", source: "https://a.example" }), { as: "tenantA" });
    const response = await door.ask("/v1/stream?after=0", { as: "tenantA" });
    expect((await door.ask("/v1/stream", { as: "viewer", headers: structured })).status).toBe(429);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = "";
    while (!text.includes('"id":"ours"')) text += new TextDecoder().decode((await reader.read()).value);
    await door.queue.start();
    await door.queue.idle();
    while (!text.includes("event: settled")) text += new TextDecoder().decode((await reader.read()).value);
    expect(text).toContain('"eventId":"ours"');
    expect(text).not.toContain("theirs");
    await reader.cancel();
  });
});
