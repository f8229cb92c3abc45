/** The application that is killed: one handler for each thing that the engine promises. */
import { defineApp, defineEndpoint, defineHandler, defineSchedule, NonRetryableError, type App } from "pulsequeue";
import { z } from "zod";
import {
  applied,
  arrivals,
  beats,
  bumps,
  charges,
  counters,
  followUps,
  itemAdded,
  itemCounted,
  paymentDue,
  remedies,
  reminderDue,
  reminders,
  reservationMade,
  reservations,
  seen,
  sequences,
  stepTaken,
  stock,
  stockArrived,
  taskGiven,
  tasks,
} from "./declarations.ts";

/** What a payment provider answers. */
export interface Charge {
  /** The same for each call with the same idempotency key. */
  readonly charge: number;
  /** Another one for each call. */
  readonly call: number;
}

/** What lies outside of the process that is killed. */
export interface Outside {
  charge(key: string, event: string): Promise<Charge>;
  /** Told after `ctx.step` has answered: from then on the step must not run again. */
  kept(key: string, charge: Charge): void;
  /** Told when an attempt begins. */
  attempt(handler: string, event: string, attempt: number): void;
  wait(milliseconds: number): Promise<void>;
}

/** Attempts of every handler. More than a run of unlucky kills uses up, so that only poison becomes a dead letter. */
export const attempts = 8;
const retry = { attempts, min: "2ms", max: "20ms" } as const;

export const bump = defineEndpoint("bump", {
  method: "POST",
  path: "/bumps",
  auth: "public",
  input: z.object({ id: z.string(), bucket: z.string(), amount: z.int() }),
  writes: [bumps, counters],
  async handle({ input: { id, bucket, amount } }, ctx) {
    const before = await ctx.tables.bumps.get(id);
    const counter = (await ctx.tables.counters.get(bucket)) ?? { id: bucket, count: 0, sum: 0 };
    ctx.tables.bumps.put({ id, bucket, amount, times: (before?.times ?? 0) + 1 });
    ctx.tables.counters.put({ id: bucket, count: counter.count + 1, sum: counter.sum + amount });
    return { status: 201, body: { id, draw: ctx.random() } };
  },
});

export const reserve = defineEndpoint("reserve", {
  method: "POST",
  path: "/reservations",
  auth: "public",
  input: z.object({ orderId: z.string(), sku: z.string(), quantity: z.int().positive(), sell: z.boolean(), hold: z.int() }),
  writes: [reservations, stock],
  emits: [reservationMade],
  async handle({ input: { orderId, sku, quantity, sell, hold } }, ctx) {
    const before = await ctx.tables.reservations.get(orderId);
    const row = await ctx.tables.stock.get(sku);
    if (row === undefined || row.onHand - row.reserved < quantity) return { status: 409, body: { code: "SOLD_OUT" } };
    ctx.tables.stock.put({ ...row, reserved: row.reserved + quantity });
    ctx.tables.reservations.put({ id: orderId, sku, quantity, state: "held", times: (before?.times ?? 0) + 1, settled: before?.settled ?? 0 });
    ctx.emit(reservationMade, { orderId, sku, quantity, sell }, { delay: hold });
    return { status: 201, body: { id: orderId, draw: ctx.random() } };
  },
});

export const heal = defineEndpoint("heal", {
  method: "POST",
  path: "/remedies",
  auth: "public",
  input: z.object({ id: z.string() }),
  writes: [remedies],
  handle({ input: { id } }, ctx) {
    ctx.tables.remedies.put({ id });
    return { status: 201, body: { id, draw: ctx.random() } };
  },
});

/** The cause that a dead letter of this event must name. */
export function poisonReason(event: string): string {
  return `poison ${event}`;
}

function refuse(poison: "always" | "final", event: string): never {
  if (poison === "final") throw new NonRetryableError(poisonReason(event));
  throw new Error(poisonReason(event));
}

export function createCrashApp(outside: Outside): App {
  const countItem = defineHandler("count-item", {
    on: itemAdded,
    writes: [applied, counters],
    emits: [itemCounted],
    retry,
    async handle({ id, data: { bucket, amount, slow } }, ctx) {
      const before = await ctx.tables.applied.get(id);
      const counter = (await ctx.tables.counters.get(bucket)) ?? { id: bucket, count: 0, sum: 0 };
      if (slow > 0) await outside.wait(slow);
      ctx.tables.applied.put({ id, bucket, amount, times: (before?.times ?? 0) + 1 });
      ctx.tables.counters.put({ id: bucket, count: counter.count + 1, sum: counter.sum + amount });
      ctx.emit(itemCounted, { origin: id });
    },
  });

  const followUp = defineHandler("follow-up", {
    on: itemCounted,
    writes: [followUps],
    retry,
    async handle({ id, data: { origin } }, ctx) {
      const before = await ctx.tables["follow-ups"].get(id);
      ctx.tables["follow-ups"].put({ id, origin, times: (before?.times ?? 0) + 1 });
    },
  });

  const followSequence = defineHandler("follow-sequence", {
    on: stepTaken,
    reads: [remedies],
    writes: [seen, sequences],
    ordered: true,
    retry,
    async handle({ id, data: { key, number, failures, poison } }, ctx) {
      outside.attempt("follow-sequence", id, ctx.attempt);
      if (poison !== "no" && (await ctx.tables.remedies.get(id)) === undefined) refuse(poison, id);
      if (ctx.attempt <= failures) throw new Error("not yet");
      const before = await ctx.tables.seen.get(id);
      const place = ((await ctx.tables.sequences.get(key))?.place ?? 0) + 1;
      ctx.tables.sequences.put({ key, place });
      ctx.tables.seen.put({ id, key, number, place, times: (before?.times ?? 0) + 1 });
    },
  });

  const doTask = defineHandler("do-task", {
    on: taskGiven,
    reads: [remedies],
    writes: [tasks],
    concurrency: { limit: 1, key: (event) => event.data.group },
    retry,
    async handle({ id, data: { failures, poison, slow } }, ctx) {
      outside.attempt("do-task", id, ctx.attempt);
      if (slow > 0) await outside.wait(slow);
      if (poison !== "no" && (await ctx.tables.remedies.get(id)) === undefined) refuse(poison, id);
      if (ctx.attempt <= failures) throw new Error("not yet");
      const before = await ctx.tables.tasks.get(id);
      ctx.tables.tasks.put({ id, times: (before?.times ?? 0) + 1 });
    },
  });

  const chargeCard = defineHandler("charge-card", {
    on: paymentDue,
    writes: [charges],
    concurrency: 4,
    retry,
    async handle({ id, data: { failures } }, ctx) {
      outside.attempt("charge-card", id, ctx.attempt);
      const key = ctx.idempotencyKey("charge");
      const { charge, call } = await ctx.step("charge", async () => ({ ...(await outside.charge(key, id)) }));
      outside.kept(key, { charge, call });
      if (ctx.attempt <= failures) throw new Error("the charge is known, the order is not");
      const before = await ctx.tables.charges.get(id);
      ctx.tables.charges.put({ id, key, charge, call, times: (before?.times ?? 0) + 1 });
    },
  });

  const remind = defineHandler("remind", {
    on: reminderDue,
    writes: [reminders],
    retry,
    async handle({ id, time, data: { delay } }, ctx) {
      const before = await ctx.tables.reminders.get(id);
      ctx.tables.reminders.put({ id, waited: ctx.now() - time, delay, times: (before?.times ?? 0) + 1 });
    },
  });

  const receiveStock = defineHandler("receive-stock", {
    on: stockArrived,
    writes: [arrivals, stock],
    retry,
    async handle({ id, data: { sku, quantity } }, ctx) {
      const before = await ctx.tables.arrivals.get(id);
      const row = (await ctx.tables.stock.get(sku)) ?? { sku, onHand: 0, reserved: 0 };
      ctx.tables.arrivals.put({ id, sku, quantity, times: (before?.times ?? 0) + 1 });
      ctx.tables.stock.put({ ...row, onHand: row.onHand + quantity });
    },
  });

  const settleReservation = defineHandler("settle-reservation", {
    on: reservationMade,
    writes: [reservations, stock],
    retry,
    async handle({ data: { orderId, sku, quantity, sell } }, ctx) {
      const reservation = await ctx.tables.reservations.get(orderId);
      const row = await ctx.tables.stock.get(sku);
      if (reservation === undefined || row === undefined) throw new Error(`reservation ${orderId} has no row`);
      ctx.tables.stock.put({ sku, onHand: row.onHand - (sell ? quantity : 0), reserved: row.reserved - quantity });
      ctx.tables.reservations.put({ ...reservation, state: sell ? "sold" : "released", settled: reservation.settled + 1 });
    },
  });

  const beat = defineSchedule("beat", {
    every: "1s",
    writes: [beats],
    async handle({ scheduledAt }, ctx) {
      const before = await ctx.tables.beats.get(scheduledAt);
      ctx.tables.beats.put({ id: scheduledAt, times: (before?.times ?? 0) + 1 });
    },
  });

  return defineApp("crash", {
    handlers: [countItem, followUp, followSequence, doTask, chargeCard, remind, receiveStock, settleReservation],
    endpoints: [bump, reserve, heal],
    schedules: [beat],
  });
}
