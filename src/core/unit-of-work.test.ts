import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryStore, type MemoryStore } from "../../test/support/memory-store.ts";
import type { NewEvent } from "./envelope.ts";
import type { RowWrite } from "./ports.ts";
import { openUnitOfWork, type UnitOfWork } from "./unit-of-work.ts";

const put = (key: string, body: string, indexes: Readonly<Record<string, string>> = {}): RowWrite => ({
  table: "t",
  key,
  body: JSON.stringify(body),
  indexes: new Map(Object.entries(indexes)),
});
const remove = (key: string): RowWrite => ({ table: "t", key, body: undefined, indexes: new Map() });
const emitted = (id: string): NewEvent => ({ id }) as NewEvent;
const all = { index: undefined, prefix: "", limit: 100 };

async function commit(store: MemoryStore, work: UnitOfWork): Promise<string> {
  return (await store.commit({ settled: [], guards: work.guards, writes: work.writes, events: [], answer: undefined })).outcome;
}

describe("reads", () => {
  test("give the committed row once, then what the batch knows", async () => {
    const store = memoryStore();
    store.set("t", "a", "1");
    const work = openUnitOfWork(store);
    expect(await work.read("t", "a")).toBe('"1"');
    store.set("t", "a", "2");
    expect(await work.read("t", "a")).toBe('"1"');
    expect(store.calls.get).toBe(1);
  });

  test("give what the batch itself wrote or deleted, without asking the store", async () => {
    const store = memoryStore();
    const work = openUnitOfWork(store);
    work.write(put("a", "1"));
    expect(await work.read("t", "a")).toBe('"1"');
    work.write(remove("a"));
    expect(await work.read("t", "a")).toBeUndefined();
    expect(store.calls.get).toBe(0);
  });

  test("do not mix up rows of two tables with the same key", async () => {
    const store = memoryStore();
    const work = openUnitOfWork(store);
    work.write(put("a", "1"));
    expect(await work.read("other", "a")).toBeUndefined();
  });
});

describe("guards", () => {
  test("a row that was read must be as it was, whether it was written or not", async () => {
    const store = memoryStore();
    store.set("t", "a", "1");
    const work = openUnitOfWork(store);
    await work.read("t", "a");
    expect(work.guards).toEqual([{ table: "t", key: "a", version: 1 }]);
    work.write(put("a", "2"));
    expect(work.guards).toEqual([{ table: "t", key: "a", version: 1 }]);
    store.set("t", "a", "3");
    expect(await commit(store, work)).toBe("conflict");
  });

  test("a row that was not there must still not be there", async () => {
    const store = memoryStore();
    const work = openUnitOfWork(store);
    await work.read("t", "a");
    expect(work.guards).toEqual([{ table: "t", key: "a", version: 0 }]);
    store.set("t", "a", "1");
    expect(await commit(store, work)).toBe("conflict");
  });

  test("a row that was written without a look at it is not guarded", async () => {
    const store = memoryStore();
    const work = openUnitOfWork(store);
    work.write(put("a", "1"));
    store.set("t", "a", "2");
    expect(work.guards).toEqual([]);
    expect(await commit(store, work)).toBe("committed");
    expect(store.row("t", "a")).toBe("1");
  });

  test("a row that a query found is guarded once it is written, and not before", async () => {
    const store = memoryStore();
    store.set("t", "a", "1");
    store.set("t", "b", "1");
    const work = openUnitOfWork(store);
    await work.query("t", all);
    expect(work.guards).toEqual([]);
    work.write(put("a", "2"));
    expect(work.guards).toEqual([{ table: "t", key: "a", version: 1 }]);
  });
});

describe("queries", () => {
  test("show the rows of the batch among the committed ones, in order", async () => {
    const store = memoryStore();
    for (const key of ["a", "c", "e"]) store.set("t", key, key);
    const work = openUnitOfWork(store);
    work.write(put("b", "b"));
    work.write(put("e", "changed"));
    work.write(remove("c"));
    expect(await work.query("t", all)).toEqual(['"a"', '"b"', '"changed"']);
  });

  test("fill their limit although the batch deleted rows", async () => {
    const store = memoryStore();
    for (const key of ["a", "b", "c", "d"]) store.set("t", key, key);
    const work = openUnitOfWork(store);
    work.write(remove("a"));
    work.write(remove("b"));
    expect(await work.query("t", { ...all, limit: 2 })).toEqual(['"c"', '"d"']);
  });

  test("by an index follow a row that the batch moved in it", async () => {
    const store = memoryStore();
    store.set("t", "a", "a", { byState: "open" });
    store.set("t", "b", "b", { byState: "open" });
    const work = openUnitOfWork(store);
    work.write(put("a", "a2", { byState: "shut" }));
    expect(await work.query("t", { index: "byState", prefix: "open", limit: 10 })).toEqual(['"b"']);
    expect(await work.query("t", { index: "byState", prefix: "shut", limit: 10 })).toEqual(['"a2"']);
  });
});

describe("savepoints", () => {
  test("a rollback forgets rows, events and guards since the last keep, and nothing before", async () => {
    const store = memoryStore();
    store.set("t", "r", "1");
    const work = openUnitOfWork(store);
    work.write(put("a", "1"));
    work.emit(emitted("e1"));
    expect(work.keep()).toEqual(["t/a"]);
    await work.read("t", "r");
    work.write(put("a", "2"));
    work.write(put("b", "2"));
    work.emit(emitted("e2"));
    work.rollback();
    expect(work.writes).toEqual([put("a", "1")]);
    expect(work.guards).toEqual([]);
    expect(work.events).toEqual([emitted("e1")]);
    expect(await work.read("t", "a")).toBe('"1"');
  });

  test("keep names the rows written since the last one, deleted ones included, read ones not", async () => {
    const work = openUnitOfWork(memoryStore());
    work.write(put("a", "1"));
    work.keep();
    await work.read("t", "x");
    await work.read("t", "a");
    work.write(remove("b"));
    expect(work.keep()).toEqual(["t/b"]);
    expect(work.keep()).toEqual([]);
  });

  test("sizes count rows and events, of the batch and since the last keep", async () => {
    const work = openUnitOfWork(memoryStore());
    work.write(put("a", "1"));
    work.emit(emitted("e1"));
    await work.read("t", "b");
    expect([work.size, work.sizeSinceKeep]).toEqual([3, 3]);
    work.keep();
    expect([work.size, work.sizeSinceKeep]).toEqual([3, 0]);
    await work.read("t", "a");
    work.emit(emitted("e2"));
    expect([work.size, work.sizeSinceKeep]).toEqual([4, 2]);
    work.rollback();
    expect([work.size, work.sizeSinceKeep]).toEqual([3, 0]);
  });
});

describe("over any sequence of calls", () => {
  const key = fc.constantFrom("a", "b", "c", "d");
  const call = fc.oneof(
    fc.record({ type: fc.constant("read" as const), key }),
    fc.record({ type: fc.constant("put" as const), key, value: fc.constantFrom("1", "2"), state: fc.constantFrom("open", "shut") }),
    fc.record({ type: fc.constant("delete" as const), key }),
    fc.record({ type: fc.constant("query" as const), index: fc.constantFrom(undefined, "byState"), limit: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ type: fc.constantFrom("keep" as const, "rollback" as const) }),
  );

  test("it looks like a table of its own with savepoints, and commits what that table holds", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, fc.constantFrom("1", "2")), fc.array(call, { maxLength: 40 }), async (initial, calls) => {
        const store = memoryStore();
        let model = new Map<string, { readonly value: string; readonly state: string }>();
        for (const [each, value] of Object.entries(initial)) {
          store.set("t", each, value, { byState: "open" });
          model.set(each, { value, state: "open" });
        }
        let savepoint = new Map(model);
        const work = openUnitOfWork(store);
        for (const step of calls) {
          switch (step.type) {
            case "read":
              expect(await work.read("t", step.key)).toBe(model.has(step.key) ? JSON.stringify(model.get(step.key)?.value) : undefined);
              break;
            case "put":
              work.write(put(step.key, step.value, { byState: step.state }));
              model.set(step.key, { value: step.value, state: step.state });
              break;
            case "delete":
              work.write(remove(step.key));
              model.delete(step.key);
              break;
            case "query": {
              const prefix = step.index === undefined ? "" : "open";
              const rows = [...model].filter(([, row]) => step.index === undefined || row.state === "open").sort(([left], [right]) => (left < right ? -1 : 1));
              expect(await work.query("t", { index: step.index, prefix, limit: step.limit })).toEqual(
                rows.slice(0, step.limit).map(([, row]) => JSON.stringify(row.value)),
              );
              break;
            }
            case "keep":
              work.keep();
              savepoint = new Map(model);
              break;
            case "rollback":
              work.rollback();
              model = new Map(savepoint);
          }
        }
        work.rollback();
        expect(await commit(store, work)).toBe("committed");
        for (const each of ["a", "b", "c", "d"]) expect(store.row("t", each)).toBe(savepoint.get(each)?.value);
      }),
      { numRuns: 300 },
    );
  });
});
