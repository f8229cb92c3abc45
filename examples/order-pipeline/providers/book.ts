/**
 * The simulated provider's own memory: which keys it was called with and what it did for them. It is the other side's truth,
 * so it does not live in the engine's file and outlives the engine's process: in memory for tests, in a file of its own for
 * the demo.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import type { PaymentRequest } from "./port.ts";

/** What was done for a key, once. */
export type Charge = Omit<PaymentRequest, "paymentMethod"> & {
  readonly outcome: "succeeded" | "declined" | "failed";
  readonly reference: string;
  readonly reason: string;
};

export type BookEntry =
  { readonly type: "called" | "asked" | "misused"; readonly key: string } | { readonly type: "done"; readonly key: string; readonly charge: Charge };

export interface KeyRecord {
  readonly calls: number;
  readonly lookups: number;
  readonly charge: Charge | undefined;
}

/** What succeeded for one order, in minor units. */
export interface Totals {
  readonly authorized: number;
  readonly captured: number;
  readonly refunded: number;
  readonly voided: number;
}

export interface ProviderBook {
  key(key: string): KeyRecord;
  totals(orderId: string): Totals;
  write(entry: BookEntry): void;
  /** Everything that was done, in the order in which it was. */
  readonly charges: readonly Charge[];
  /** Keys that came again with other parameters: a defect of the caller. */
  readonly misused: readonly string[];
  close(): void;
}

const unknownKey: KeyRecord = { calls: 0, lookups: 0, charge: undefined };
const nothing: Totals = { authorized: 0, captured: 0, refunded: 0, voided: 0 };
const sides = { authorize: "authorized", capture: "captured", refund: "refunded", void: "voided" } as const;

/** A book that lives as long as the process. */
export function memoryBook(): ProviderBook {
  return openBook(
    [],
    () => undefined,
    () => undefined,
  );
}

/** A book in an append-only file of JSON lines. A last line that a crash tore is cut off. */
export function fileBook(file: string): ProviderBook {
  const descriptor = openSync(file, "a+");
  const text = readFileSync(file, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) ftruncateSync(descriptor, Buffer.byteLength(whole));
  const entries = whole
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as BookEntry);
  return openBook(
    entries,
    (entry) => writeSync(descriptor, `${JSON.stringify(entry)}\n`),
    () => {
      closeSync(descriptor);
    },
  );
}

function openBook(entries: readonly BookEntry[], keep: (entry: BookEntry) => unknown, close: () => void): ProviderBook {
  const keys = new Map<string, KeyRecord>();
  const totals = new Map<string, Totals>();
  const charges: Charge[] = [];
  const misused: string[] = [];
  const apply = (entry: BookEntry): void => {
    const known = keys.get(entry.key) ?? unknownKey;
    switch (entry.type) {
      case "called":
        keys.set(entry.key, { ...known, calls: known.calls + 1 });
        return;
      case "asked":
        keys.set(entry.key, { ...known, lookups: known.lookups + 1 });
        return;
      case "misused":
        misused.push(entry.key);
        return;
      case "done": {
        const { charge } = entry;
        keys.set(entry.key, { ...known, charge });
        charges.push(charge);
        if (charge.outcome !== "succeeded") return;
        const before = totals.get(charge.orderId) ?? nothing;
        const side = sides[charge.kind];
        totals.set(charge.orderId, { ...before, [side]: before[side] + charge.amount });
      }
    }
  };
  for (const entry of entries) apply(entry);
  return {
    key: (key) => keys.get(key) ?? unknownKey,
    totals: (orderId) => totals.get(orderId) ?? nothing,
    write(entry) {
      keep(entry);
      apply(entry);
    },
    charges,
    misused,
    close,
  };
}
