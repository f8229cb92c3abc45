import { describe, expect, test } from "vitest";
import { z } from "zod";
import { memoryStore, type MemoryStore } from "../../test/support/memory-store.ts";
import { defineApp } from "./app.ts";
import { defineEvent } from "./event.ts";
import { defineHandler } from "./handler.ts";
import type { NewEvent } from "./envelope.ts";
import type { Delivery, RowWrite, Store } from "./ports.ts";
import { sealedStore } from "./sealed-store.ts";
import { defineTable } from "./table.ts";
import type { Vault } from "./vault.ts";

const noted = defineEvent("noted", { schema: z.object({ who: z.string(), note: z.unknown() }), pii: ["note"] });
const plain = defineEvent("plain", { schema: z.object({ who: z.string() }) });
const people = defineTable("people", { schema: z.object({ id: z.string(), mail: z.string() }), key: "id", pii: ["mail"] });
const { topology } = defineApp("notes", {
  handlers: [defineHandler("a", { on: noted, writes: [people], handle: () => undefined }), defineHandler("b", { on: plain, handle: () => undefined })],
});

/** A vault that shows what it was asked: `key|place|text`, the text with its letters turned. */
function openVault(): { readonly vault: Vault; readonly erased: Set<string> } {
  const erased = new Set<string>();
  const turn = (text: string): string => Buffer.from(text).toString("hex");
  const vault: Vault = {
    seal: (text, place, subject) => [subject ?? "app", turn(place), turn(text)].join("|"),
    sealBeside: (text, place, token) => [token.split("|")[0], turn(place), turn(text)].join("|"),
    open(token, place) {
      const [key = "", sealedAt, text = ""] = token.split("|");
      if (sealedAt !== turn(place)) throw new Error(`sealed elsewhere than ${place}`);
      return erased.has(key) ? undefined : Buffer.from(text, "hex").toString();
    },
  };
  return { vault, erased };
}

const event = (type: string, data: unknown, subject?: string): NewEvent => ({
  id: "e-1",
  type,
  source: "notes",
  time: 0,
  data: JSON.stringify(data),
  version: 1,
  key: undefined,
  tenant: undefined,
  correlationId: undefined,
  causationId: undefined,
  hops: 0,
  traceparent: undefined,
  dueAt: undefined,
  chosenId: false,
  ...(subject === undefined ? {} : { subject }),
});
const write = (body: unknown, subject?: string): RowWrite => ({
  table: "people",
  key: "p-1",
  body: JSON.stringify(body),
  indexes: new Map(),
  ...(subject === undefined ? {} : { subject }),
});
const nothing = { settled: [], guards: [], writes: [], events: [], answer: undefined };

function setUp(): { readonly below: MemoryStore; readonly store: Store; readonly erased: Set<string> } {
  const below = memoryStore();
  const { vault, erased } = openVault();
  return { below, store: sealedStore(below, topology, vault), erased };
}

describe("a sealed store", () => {
  test("seals what is declared under the subject's key and leaves the rest readable", async () => {
    const { below, store } = setUp();
    await store.append([event("noted", { who: "ada", note: { deep: ["x"] } }, "ada"), { ...event("plain", { who: "ada" }), id: "e-2" }]);
    expect(JSON.parse(below.journal[0]?.data ?? "")).toEqual({ who: "ada", note: { $pq: expect.stringMatching(/^ada\|/) as unknown } });
    expect(below.journal[1]?.data).toBe('{"who":"ada"}');
  });

  test("gives rows back as they were put, and seals them under the app's key without a subject", async () => {
    const { below, store } = setUp();
    await store.commit({ ...nothing, writes: [write({ id: "p-1", mail: "ada@x" })] });
    expect(below.row("people", "p-1")).toEqual({ id: "p-1", mail: { $pq: expect.stringMatching(/^app\|/) as unknown } });
    expect((await store.get("people", "p-1"))?.body).toBe('{"id":"p-1","mail":"ada@x"}');
  });

  test("fields in another order are the same data", async () => {
    const { below, store } = setUp();
    await store.append([event("noted", { who: "ada", note: { a: 1, b: 2 } })]);
    const [receipt] = await store.append([event("noted", { who: "ada", note: { b: 2, a: 1 } })]);
    expect(receipt).toEqual({ id: "e-1", duplicate: true });
    expect(below.journal).toHaveLength(1);
  });

  test("seals a step's result with the key of the event's person, so that it goes with the person", async () => {
    const { below, store, erased } = setUp();
    await store.append([event("noted", { who: "ada", note: "x" }, "ada")]);
    const [stored] = below.journal;
    if (stored === undefined) throw new Error("nothing was stored");
    const delivery: Delivery = { event: stored, attempt: 1 };
    await store.saveStep(delivery, "look-up", '{"mail":"ada@x"}');
    await store.saveStep(delivery, "nothing", "");
    expect([...(await below.steps(delivery)).values()]).toEqual([expect.stringMatching(/^\{"\$pq":"ada\|/), ""]);
    expect([...(await store.steps(delivery))]).toEqual([
      ["look-up", '{"mail":"ada@x"}'],
      ["nothing", ""],
    ]);
    erased.add("ada");
    await expect(store.steps(delivery)).rejects.toMatchObject({ code: "DATA_ERASED" });
  });

  test("seals an answer under the one person that its commit is about, else under the app's key", async () => {
    const { below, store } = setUp();
    const answer = (request: string) => ({ request, fingerprint: "f", answer: '{"status":200}', claim: "" });
    const answeredBy = async (kept: Store, request: string): Promise<string> => {
      const taken = await kept.claim(request);
      return taken.state === "answered" ? taken.answer.answer : taken.state;
    };
    await store.commit({
      ...nothing,
      writes: [write({ id: "p-1", mail: "x" }, "ada")],
      events: [event("noted", { who: "a", note: 1 }, "ada")],
      answer: answer("one"),
    });
    await store.commit({
      ...nothing,
      writes: [write({ id: "p-1", mail: "x" }, "bob")],
      events: [{ ...event("noted", { who: "a", note: 1 }, "ada"), id: "e-2" }],
      answer: answer("two"),
    });
    expect(await answeredBy(below, "one")).toMatch(/^\{"\$pq":"ada\|/);
    expect(await answeredBy(below, "two")).toMatch(/^\{"\$pq":"app\|/);
    expect(await answeredBy(store, "one")).toBe('{"status":200}');
    expect(await answeredBy(store, "three")).toBe("ours");
  });

  test("a row of which something was erased cannot be read by a handler", async () => {
    const { store, erased } = setUp();
    await store.commit({ ...nothing, writes: [write({ id: "p-1", mail: "ada@x" }, "ada")] });
    erased.add("ada");
    await expect(store.get("people", "p-1")).rejects.toMatchObject({ code: "DATA_ERASED" });
  });
});
