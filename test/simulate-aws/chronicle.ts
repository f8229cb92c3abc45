/**
 * What the simulation adds to the order pipeline, whose own handlers take events in any order and never fail: one that takes them in
 * the order of their keys and writes down what it took, one that counts what it took, and an event that clients publish themselves.
 */
import { defineApp, defineEvent, defineHandler, defineTable, NonRetryableError, type App } from "pulsequeue";
import * as z from "zod";
import { announcements, orderCancelled, orderConfirmed, orderPlaced, stockChanged } from "../../examples/order-pipeline/events.ts";
import { hashOf } from "../../src/testing/simulator/behaviour.ts";
import { seededRandom } from "pulsequeue/testing";

export const noted = defineEvent("noted", { schema: z.strictObject({ key: z.string(), n: z.int() }), key: (data) => data.key });
/** Sources and ids of the events of one key, in the order in which their effects were committed. */
export const chronicle = defineTable("chronicle", { schema: z.strictObject({ key: z.string(), ids: z.array(z.string()) }), key: "key" });

/** How often the effect of an event happened, by its source and id. */
export const witnessed = defineTable("witnessed", { schema: z.strictObject({ id: z.string(), count: z.int() }), key: "id" });

export const chronicler = "chronicler";
export const witness = "witness";

/** An event's name in the chronicle. */
export function identityOf({ source, id }: { readonly source: string; readonly id: string }): string {
  return `${source}/${id}`;
}

export interface Behaviour {
  /** From now on everything succeeds. */
  mend(): void;
  run(handler: string, eventId: string, attempt: number): void;
}

const retry = { attempts: 3, min: "1s", max: "10s" } as const;

/** How each delivery behaves, drawn from its own identity: the same in every attempt and every order. */
export function createBehaviour(seed: number, poison: number): Behaviour {
  let isMended = false;
  const kindOf = (handler: string, eventId: string): "well" | "fails first" | "fails" | "refuses" => {
    const random = seededRandom(hashOf(`${String(seed)} ${handler} ${eventId}`));
    return random.chance(poison) ? random.pick(["fails first", "fails first", "fails", "refuses"] as const) : "well";
  };
  return {
    mend: () => {
      isMended = true;
    },
    run: (handler, eventId, attempt) => {
      const kind = isMended ? "well" : kindOf(handler, eventId);
      if (kind === "fails" || (kind === "fails first" && attempt === 1)) throw new Error("as planned");
      if (kind === "refuses") throw new NonRetryableError("refused for good");
    },
  };
}

/** The pipeline as it is, with the chronicle beside it. */
export function withChronicle({ topology }: App, behaviour: Behaviour): App {
  const taken = [noted, orderPlaced, orderConfirmed, orderCancelled, stockChanged] as const;
  const keeper = defineHandler(chronicler, {
    on: taken,
    writes: [chronicle],
    ordered: true,
    retry,
    async handle(event, ctx) {
      const key = event.key ?? "";
      const row = await ctx.tables.chronicle.get(key);
      ctx.tables.chronicle.put({ key, ids: [...(row?.ids ?? []), identityOf(event)] });
      behaviour.run(chronicler, event.id, ctx.attempt);
    },
  });
  const counter = defineHandler(witness, {
    on: taken,
    writes: [witnessed],
    retry,
    async handle(event, ctx) {
      const id = identityOf(event);
      ctx.tables.witnessed.put({ id, count: ((await ctx.tables.witnessed.get(id))?.count ?? 0) + 1 });
      behaviour.run(witness, event.id, ctx.attempt);
    },
  });
  return defineApp("orders", {
    handlers: [...[...topology.handlers.values()].filter(({ name }) => !topology.schedules.has(name)), keeper, counter],
    endpoints: [...topology.endpoints.values()],
    schedules: [...topology.schedules.values()].map(({ schedule }) => schedule),
    unhandled: announcements.filter((event) => !taken.some(({ name }) => name === event.name)),
  });
}
