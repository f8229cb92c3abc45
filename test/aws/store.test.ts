import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, test } from "vitest";
import { defineHandler } from "../../src/core/handler.ts";
import type { Commit } from "../../src/core/ports.ts";
import { journalKey, readHead } from "../../src/engines/aws/items/journal.ts";
import type { AwsDelivery } from "../../src/engines/aws/store/types.ts";
import { appOf, awsFailure, changed, count, deploy, eventOf, type Deployed } from "./fixture.ts";

const nothing: Commit<AwsDelivery> = { settled: [], guards: [], writes: [], events: [], answer: undefined };
const row = (key: string, n: number): Commit["writes"][number] => ({
  table: "stock",
  key: `s${key}\u0000`,
  body: JSON.stringify({ sku: key, shelf: "a", n }),
  indexes: new Map([["byShelf", `sa\u0000n${String(n).padStart(4, "0")}\u0000`]]),
});

function deliveryOf({ runtime }: Deployed, event = eventOf()): AwsDelivery {
  return {
    event,
    attempt: 1,
    handler: "count",
    journalKey: journalKey(runtime.system.hash, event),
    sequence: runtime.next(),
    run: 0,
    received: 1,
    record: undefined,
  };
}

const doneBy = (delivery: AwsDelivery): Commit<AwsDelivery>["settled"][number] => ({
  delivery,
  status: { state: "done" },
  wrote: ["stock/a"],
  milliseconds: 1,
});

test("appends of one turn share one transaction, in the order of the calls", async () => {
  const shop = deploy(appOf(count));
  const { store } = shop.runtime;
  const receipts = await shop.settle(Promise.all(Array.from({ length: 50 }, () => store.append([eventOf()]))));
  expect(receipts.flat().every((receipt) => !(receipt instanceof Error) && !receipt.duplicate)).toBe(true);
  expect(shop.sent).toEqual(["TransactWriteItems"]);
  const items = shop.items(shop.runtime.deployment.journal);
  const inOrder = [...items].sort((left, right) => Number(left["q"]?.N) - Number(right["q"]?.N)).map((item) => Number(item["i"]?.S?.slice(6)));
  expect(inOrder).toEqual([...inOrder].sort((left, right) => left - right));
});

test("one event alone costs no transaction", async () => {
  const shop = deploy(appOf(count));
  await shop.settle(shop.runtime.store.append([eventOf()]));
  expect(shop.sent).toEqual(["PutItem"]);
});

test("an append of more than 100 items or 4 MB is cut into several transactions", async () => {
  const shop = deploy(appOf(count));
  await shop.settle(shop.runtime.store.append(Array.from({ length: 250 }, () => eventOf())));
  expect(shop.sent).toHaveLength(3);
  shop.sent.length = 0;
  const large = JSON.stringify({ sku: "x".repeat(200_000), n: 1 });
  await shop.settle(shop.runtime.store.append(Array.from({ length: 40 }, () => eventOf({ data: large }))));
  expect(shop.sent).toHaveLength(2);
  expect(shop.items(shop.runtime.deployment.journal)).toHaveLength(290);
});

test("an identity is stored once: with equal data it is a duplicate, with other data an error for that event alone", async () => {
  const shop = deploy(appOf(count));
  const { store } = shop.runtime;
  const first = eventOf({ id: "one" });
  await shop.settle(store.append([first]));
  const again = store.append([eventOf({ id: "one", data: '{"n":1,"sku":"a"}' }), eventOf({ id: "one", data: '{"sku":"a","n":2}' }), eventOf({ id: "two" })]);
  expect(await shop.settle(again)).toEqual([
    { id: "one", duplicate: true },
    expect.objectContaining({ code: "IDENTITY_REUSED" }),
    { id: "two", duplicate: false },
  ]);
  expect(shop.items(shop.runtime.deployment.journal)).toHaveLength(2);
});

test("an event whose write was done, and its answer lost, is no duplicate", async () => {
  const shop = deploy(appOf(count));
  let lost = 0;
  shop.fail(() => (lost++ === 0 ? { when: "after", error: awsFailure("TimeoutError") } : undefined));
  expect(await shop.settle(shop.runtime.store.append([eventOf({ id: "one" })]))).toEqual([{ id: "one", duplicate: false }]);
  expect(shop.sent).toEqual(["PutItem", "PutItem"]);
});

test("a transaction that was done, and its answer lost, is not done twice", async () => {
  const shop = deploy(appOf(count));
  let lost = 0;
  shop.fail(() => (lost++ === 0 ? { when: "after", error: awsFailure("TimeoutError") } : undefined));
  const commit = { ...nothing, settled: [doneBy(deliveryOf(shop))], writes: [row("a", 1)], guards: [{ table: "stock", key: "sa\u0000", version: 0 }] };
  expect(await shop.settle(shop.runtime.store.commit(commit))).toEqual({ outcome: "committed" });
  expect(shop.sent).toEqual(["TransactWriteItems", "TransactWriteItems"]);
});

test("a row is guarded by its version: one that changed meanwhile is a conflict, and nothing is written", async () => {
  const shop = deploy(appOf(count));
  const { store, deployment } = shop.runtime;
  await shop.settle(store.commit({ ...nothing, writes: [row("a", 1)] }));
  const read = await shop.settle(store.get("stock", "sa\u0000"));
  const guards = [{ table: "stock", key: "sa\u0000", version: read?.version ?? 0 }];
  expect(await shop.settle(store.commit({ ...nothing, guards, writes: [row("a", 2)] }))).toEqual({ outcome: "committed" });
  const late = { ...nothing, guards, writes: [row("b", 1)], settled: [doneBy(deliveryOf(shop))], events: [eventOf()] };
  expect(await shop.settle(store.commit(late))).toEqual({ outcome: "conflict" });
  expect(shop.items(deployment.deliveries)).toHaveLength(0);
  expect(shop.items(deployment.journal)).toHaveLength(0);
  expect(JSON.parse((await shop.settle(store.get("stock", "sa\u0000")))?.body ?? "")).toMatchObject({ n: 2 });
});

test("an event stands behind the rows that it follows from, though the clock of who wrote them is ahead", async () => {
  const shop = deploy(appOf(count));
  const { store, dynamodb, deployment } = shop.runtime;
  const version = shop.runtime.next() + 60_000 * 4_096; // a minute ahead
  const Item = { p: { S: "sa\u0000" }, s: { S: "-" }, b: { S: "{}" }, v: { N: String(version) } };
  await shop.settle(dynamodb.send(new PutItemCommand({ TableName: deployment.tables.get("stock") ?? "", Item })));
  const commit = { ...nothing, guards: [{ table: "stock", key: "sa\u0000", version }], writes: [row("a", 1)], events: [eventOf()] };
  expect(await shop.settle(store.commit(commit))).toEqual({ outcome: "committed" });
  expect(Number(shop.items(deployment.journal)[0]?.["q"]?.N)).toBeGreaterThan(version);
});

test("a delivery that was settled meanwhile is lost", async () => {
  const shop = deploy(appOf(count));
  const { store } = shop.runtime;
  const [mine, other] = [deliveryOf(shop), deliveryOf(shop)];
  await shop.settle(store.commit({ ...nothing, settled: [doneBy(mine)] }));
  const again = { ...nothing, settled: [doneBy(mine), doneBy(other)], writes: [row("a", 1)] };
  expect(await shop.settle(store.commit(again))).toEqual({ outcome: "lost", deliveries: [mine] });
  expect(await shop.settle(store.get("stock", "sa\u0000"))).toBeUndefined();
});

test("an event that was emitted before with equal data is left out, with other data it is told", async () => {
  const shop = deploy(appOf(count));
  const { store } = shop.runtime;
  await shop.settle(store.append([eventOf({ id: "one" })]));
  const same = { ...nothing, writes: [row("a", 1)], events: [eventOf({ id: "one" }), eventOf({ id: "two" })] };
  expect(await shop.settle(store.commit(same))).toEqual({ outcome: "committed" });
  expect(shop.items(shop.runtime.deployment.journal)).toHaveLength(2);
  const reused = eventOf({ id: "one", data: '{"sku":"a","n":7}' });
  expect(await shop.settle(store.commit({ ...nothing, events: [reused] }))).toEqual({ outcome: "identity-reused", index: 0 });
  const twice = [eventOf({ id: "three" }), eventOf({ id: "three", data: '{"sku":"a","n":7}' })];
  expect(await shop.settle(store.commit({ ...nothing, events: twice }))).toEqual({ outcome: "identity-reused", index: 1 });
});

describe("a request", () => {
  const request = "place\u0000\u0000\u0000key";
  const kept = { request, fingerprint: "f", answer: "{}" };

  test("is answered once, until a day has passed", async () => {
    const shop = deploy(appOf(count));
    const { store } = shop.runtime;
    const claim = await claimed(shop);
    const answer = { ...kept, claim };
    expect(await shop.settle(store.commit({ ...nothing, answer }))).toEqual({ outcome: "committed" });
    expect(await shop.settle(store.commit({ ...nothing, answer, writes: [row("a", 1)] }))).toEqual({ outcome: "conflict" });
    expect(await shop.settle(store.claim(request))).toEqual({ state: "answered", answer: kept });
    shop.clock.advance("25h");
    const again = await claimed(shop);
    expect(again).not.toBe(claim);
    expect(await shop.settle(store.commit({ ...nothing, answer: { ...kept, claim: again } }))).toEqual({ outcome: "committed" });
  });

  test("runs once at a time; a claim that was given up is free at once, one whose process died after half a minute", async () => {
    const shop = deploy(appOf(count));
    const { store } = shop.runtime;
    const first = await claimed(shop);
    expect(await shop.settle(store.claim(request))).toEqual({ state: "running" });
    expect(await shop.settle(store.claim(request, first))).toEqual({ state: "ours", claim: first });
    await shop.settle(store.release(request, first));
    const second = await claimed(shop);
    shop.clock.advance("29s");
    expect(await shop.settle(store.claim(request))).toEqual({ state: "running" });
    shop.clock.advance("1s");
    const third = await claimed(shop);
    // Who was late commits nothing, and takes nothing from who runs it now.
    expect(await shop.settle(store.commit({ ...nothing, answer: { ...kept, claim: second }, writes: [row("a", 1)] }))).toEqual({ outcome: "conflict" });
    await shop.settle(store.release(request, second));
    expect(await shop.settle(store.claim(request, second))).toEqual({ state: "running" });
    expect(await shop.settle(store.commit({ ...nothing, answer: { ...kept, claim: third } }))).toEqual({ outcome: "committed" });
    await shop.settle(store.release(request, third));
    expect(await shop.settle(store.claim(request, third))).toEqual({ state: "answered", answer: kept });
  });

  test("costs one write more than its effects, also where the answer to that write was lost", async () => {
    const shop = deploy(appOf(count));
    let lost = 0;
    shop.fail(() => (lost++ === 0 ? { when: "after", error: awsFailure("TimeoutError") } : undefined));
    const claim = await claimed(shop);
    await shop.settle(shop.runtime.store.commit({ ...nothing, answer: { ...kept, claim }, writes: [row("a", 1)] }));
    // Nothing is read: the claim was written twice, since the first answer was lost.
    expect(shop.sent).toEqual(["PutItem", "PutItem", "TransactWriteItems"]);
  });

  async function claimed(shop: Deployed): Promise<string> {
    const taken = await shop.settle(shop.runtime.store.claim(request));
    if (taken.state !== "ours") throw new Error(`The request is ${taken.state}`);
    return taken.claim;
  }
});

test("a commit of more than one transaction takes is refused whole", async () => {
  const shop = deploy(appOf(count));
  const writes = Array.from({ length: 101 }, (_, index) => row(String(index), 1));
  await expect(shop.settle(shop.runtime.store.commit({ ...nothing, writes }))).rejects.toMatchObject({ code: "COMMIT_TOO_LARGE" });
  expect(shop.sent).toEqual([]);
});

test("a step is kept once, and not where the delivery is no longer ours", async () => {
  const shop = deploy(appOf(count));
  const { store } = shop.runtime;
  const delivery = deliveryOf(shop);
  expect(await shop.settle(store.saveStep(delivery, "pay#1", "1"))).toBe(true);
  expect(await shop.settle(store.saveStep(delivery, "pay#1", "2"))).toBe(false);
  expect(await shop.settle(store.steps(delivery))).toEqual(new Map([["pay#1", "1"]]));
  expect(await shop.settle(store.steps({ ...delivery, run: 1 }))).toEqual(new Map());
  await shop.settle(store.commit({ ...nothing, settled: [doneBy(delivery)] }));
  expect(await shop.settle(store.saveStep(delivery, "send", "1"))).toBe(false);
});

test("what AWS refuses for now is tried again, at most for a while; what it refuses for good is told at once", async () => {
  const shop = deploy(appOf(count));
  const { store } = shop.runtime;
  const refusals = [
    awsFailure("ProvisionedThroughputExceededException"),
    awsFailure("TransactionCanceledException", { CancellationReasons: [{ Code: "TransactionConflict" }] }),
    awsFailure("InternalServerError", { $metadata: { httpStatusCode: 500 } }),
  ];
  let next = 0;
  shop.fail(() => (next < refusals.length ? { when: "before", error: refusals[next++] ?? new Error("none") } : undefined));
  expect(await shop.settle(store.commit({ ...nothing, writes: [row("a", 1)] }))).toEqual({ outcome: "committed" });
  shop.fail(() => ({ when: "before", error: awsFailure("ThrottlingException") }));
  await expect(shop.settle(store.commit({ ...nothing, writes: [row("a", 1)] }))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  for (const [name, code] of [
    ["AccessDeniedException", "AWS_DENIED"],
    ["ExpiredTokenException", "AWS_CREDENTIALS"],
    ["ResourceNotFoundException", "AWS_RESOURCE_MISSING"],
  ] as const) {
    shop.fail(() => ({ when: "before", error: awsFailure(name) }));
    shop.sent.length = 0;
    await expect(shop.settle(store.get("stock", "sa\u0000"))).rejects.toMatchObject({ code });
    expect(shop.sent).toHaveLength(1);
  }
});

test("rows are found by key and by index, in the order of their fields", async () => {
  const shop = deploy(appOf(count));
  const { store } = shop.runtime;
  await shop.settle(store.commit({ ...nothing, writes: [row("b", 3), row("a", 1), row("c", 2)] }));
  const byShelf = await shop.settle(store.query("stock", { index: "byShelf", prefix: "sa\u0000", limit: 2 }));
  expect(byShelf.map(({ row: found }) => found.key)).toEqual(["sa\u0000", "sc\u0000"]);
  expect(byShelf[0]?.order).toBe("sa\u0000n0001\u0000sa\u0000");
  expect(await shop.settle(store.query("stock", { index: undefined, prefix: "sb\u0000", limit: 5 }))).toHaveLength(1);
});

test("an event that is altered in the journal is found when it is read", async () => {
  const shop = deploy(appOf(count));
  const { store } = shop.runtime;
  await shop.settle(store.append([eventOf({ id: "one" })]));
  const [item] = shop.items(shop.runtime.deployment.journal);
  Object.assign(item?.["b"] ?? {}, { S: '{"sku":"a","n":9}' });
  await expect(shop.settle(store.append([eventOf({ id: "one" })]))).rejects.toMatchObject({ code: "STORE_CORRUPT" });
});

test("events of a key that somebody wants in order change its head in the same transaction", async () => {
  const ordered = defineHandler("ordered", { on: changed, ordered: true, handle: () => undefined });
  const shop = deploy(appOf(ordered));
  const { store, system, deployment } = shop.runtime;
  const events = [eventOf(), eventOf({ key: "b" }), eventOf(), eventOf({ dueAt: 5_000 })];
  await shop.settle(store.append(events));
  expect(shop.sent).toEqual(["TransactWriteItems"]);
  const head = shop.items(deployment.journal).find((item) => item["p"]?.S === "k#a");
  expect(head?.["n"]?.N).toBe("2");
  expect(readHead({ a: { S: head?.["a"]?.S ?? "" } }).map(({ key }) => key)).toEqual(
    [events[0], events[2]].map((event) => journalKey(system.hash, event ?? eventOf())),
  );
});
