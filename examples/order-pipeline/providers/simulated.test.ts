import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fileBook, memoryBook } from "./book.ts";
import type { PaymentRequest } from "./port.ts";
import { simulatedProvider } from "./simulated.ts";

const folder = mkdtempSync(join(tmpdir(), "provider-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function authorization(index: number): PaymentRequest {
  const orderId = `order-${String(index).padStart(4, "0")}`;
  return { key: `order:${orderId}:authorize:1`, kind: "authorize", orderId, amount: 100, currency: "EUR", paymentMethod: "tok_visa", authorization: "" };
}

function following(request: PaymentRequest, kind: "capture" | "refund" | "void", amount = request.amount, number = 1): PaymentRequest {
  return { ...request, key: `order:${request.orderId}:${kind}:${String(number)}`, kind, amount, authorization: `sim:${request.key}` };
}

describe("what becomes of a key", () => {
  const options = { seed: 3, declines: 0.2, timeouts: 0.3, failures: 0.1 };

  test("follows from the seed, whatever the order of the calls", async () => {
    const forth = simulatedProvider(options);
    const back = simulatedProvider(options);
    const indexes = Array.from({ length: 200 }, (_, index) => index);
    for (const index of indexes) await forth.authorize(authorization(index));
    for (const index of indexes.toReversed()) await back.authorize(authorization(index));
    const byKey = (book: typeof forth.book): readonly string[] => book.charges.map((charge) => `${charge.key} ${charge.outcome}`).sort();
    expect(byKey(back.book)).toEqual(byKey(forth.book));
    expect(new Set(forth.book.charges.map((charge) => charge.outcome))).toEqual(new Set(["succeeded", "declined", "failed"]));
  });

  test("is another for another seed", async () => {
    const outcomes = async (seed: number): Promise<string> => {
      const provider = simulatedProvider({ ...options, seed });
      const results = await Promise.all(Array.from({ length: 50 }, (_, index) => provider.authorize(authorization(index))));
      return results.map((result) => result.outcome).join();
    };
    expect(await outcomes(1)).not.toBe(await outcomes(2));
  });

  test("is about as likely as it should be", async () => {
    const provider = simulatedProvider({ seed: 1, declines: 0.1, timeouts: 0.02 });
    const results = await Promise.all(Array.from({ length: 5_000 }, (_, index) => provider.authorize(authorization(index))));
    const share = (outcome: string): number => results.filter((result) => result.outcome === outcome).length / results.length;
    expect(share("declined")).toBeGreaterThan(0.085);
    expect(share("declined")).toBeLessThan(0.115);
    expect(share("unknown")).toBeGreaterThan(0.013);
    expect(share("unknown")).toBeLessThan(0.027);
  });
});

describe("a call without an answer", () => {
  test("was done, was lost or is done late: the lookup tells, and the same key charges once", async () => {
    const provider = simulatedProvider({ seed: 1, timeouts: 1 });
    const seen = new Set<string>();
    for (let index = 0; index < 60; index += 1) {
      const request = authorization(index);
      expect((await provider.authorize(request)).outcome).toBe("unknown");
      const first = await provider.lookup(request);
      seen.add(first.outcome);
      let answer = first;
      for (let time = 0; answer.outcome !== "succeeded" && time < 10; time += 1)
        answer = first.outcome === "absent" ? await provider.authorize(request) : await provider.lookup(request);
      expect(answer).toEqual({ outcome: "succeeded", reference: `sim:${request.key}` });
    }
    expect(seen).toEqual(new Set(["succeeded", "absent", "unknown"]));
    expect(provider.book.charges).toHaveLength(60);
  });
});

describe("a key that comes again", () => {
  test("gets the first answer and is done once", async () => {
    const provider = simulatedProvider({ seed: 1 });
    const first = await provider.authorize(authorization(1));
    expect(await provider.authorize(authorization(1))).toEqual(first);
    expect(provider.book.charges).toHaveLength(1);
  });

  test("with other parameters is refused and noted", async () => {
    const provider = simulatedProvider({ seed: 1 });
    await provider.authorize(authorization(1));
    expect((await provider.authorize({ ...authorization(1), amount: 99 })).outcome).toBe("declined");
    expect(provider.book.misused).toEqual([authorization(1).key]);
  });
});

describe("money", () => {
  test("is not captured, voided or refunded beyond what is there", async () => {
    const provider = simulatedProvider({ seed: 1 });
    const request = authorization(1);
    await provider.authorize(request);
    expect((await provider.capture(following(request, "capture", 101))).outcome).toBe("declined");
    expect((await provider.refund(following(request, "refund", 1))).outcome).toBe("declined");
    expect((await provider.capture(following(request, "capture", 100, 2))).outcome).toBe("succeeded");
    expect((await provider.void(following(request, "void"))).outcome).toBe("declined");
    expect((await provider.refund(following(request, "refund", 60, 2))).outcome).toBe("succeeded");
    expect((await provider.refund(following(request, "refund", 60, 3))).outcome).toBe("declined");
    expect(provider.book.totals(request.orderId)).toEqual({ authorized: 100, captured: 100, refunded: 60, voided: 0 });
  });

  test("of an authorization from before the book began is captured by its reference", async () => {
    const provider = simulatedProvider({ seed: 1 });
    expect((await provider.capture(following(authorization(1), "capture"))).outcome).toBe("succeeded");
    expect((await provider.capture({ ...following(authorization(2), "capture"), authorization: "" })).outcome).toBe("declined");
  });

  test("is captured at once where the payment method knows no other way", async () => {
    const provider = simulatedProvider({ seed: 1, immediate: 1 });
    expect(await provider.authorize(authorization(1))).toMatchObject({ outcome: "succeeded", captured: true });
    expect(provider.book.totals("order-0001")).toMatchObject({ authorized: 100, captured: 100 });
  });
});

describe("notifications", () => {
  test("come for what was done, some of them twice, and are taken once", async () => {
    const provider = simulatedProvider({ seed: 1, duplicates: 1 });
    await provider.authorize(authorization(1));
    const [first, second] = provider.takeNotifications();
    expect(first).toEqual(second);
    expect(first).toMatchObject({ type: "payment.updated", operationKey: authorization(1).key });
    expect(provider.takeNotifications()).toEqual([]);
  });
});

describe("the book", () => {
  test("in a file outlives the process, a torn last line included", async () => {
    const file = join(folder, "book");
    const before = fileBook(file);
    await simulatedProvider({ seed: 1, book: before }).authorize(authorization(1));
    before.close();
    appendFileSync(file, '{"type":"done","key":"order:torn');
    const after = fileBook(file);
    const provider = simulatedProvider({ seed: 1, book: after });
    expect(after.charges).toEqual(before.charges);
    expect((await provider.capture(following(authorization(1), "capture"))).outcome).toBe("succeeded");
    after.close();
    const last = fileBook(file);
    expect(last.charges).toHaveLength(2);
    last.close();
  });

  test("in memory begins empty", () => {
    expect(memoryBook().charges).toEqual([]);
    expect(memoryBook().key("order:none:capture:1")).toEqual({ calls: 0, lookups: 0, charge: undefined });
  });
});
