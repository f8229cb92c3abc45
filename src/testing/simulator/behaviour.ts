/** How each delivery behaves, drawn from its own identity: the same in every attempt, every life and every order. */
import type { DeliveryState } from "../../core/delivery.ts";
import type { EventMessage } from "../../core/handler.ts";
import { retryPolicy } from "../../core/retry.ts";
import { NonRetryableError, RetryAfterError } from "../../core/retry-errors.ts";
import type { VirtualClock } from "../clock.ts";
import { seededRandom } from "../random.ts";
import type { History, Run } from "./history.ts";
import type { Plan } from "./plan.ts";

/** What a run needs of its context. */
export interface RunContext {
  readonly attempt: number;
  readonly signal: AbortSignal;
  now(): number;
}

export interface Lane {
  readonly name: string;
  readonly limit: number;
}

export interface Behaviours {
  run(handler: string, event: EventMessage, ctx: RunContext, work: (run: Run) => Promise<void>, lane: Lane | undefined): Promise<void>;
  /** Whether the plan lets this delivery never succeed. */
  isDoomed(handler: string, eventId: string): boolean;
  /** From now on everything succeeds that had no cause but the plan. */
  mend(): void;
  /** The engine says what became of an attempt. */
  settled(handler: string, eventId: string, attempt: number, state: DeliveryState): void;
  /** The engine died: what ran in it counts no more. */
  die(): void;
}

type Kind = "well" | "fails first" | "fails" | "refuses" | "hangs" | "slow" | "asks for time";

const never = new Promise<never>(() => undefined);
/** The wait that a handler asks for, milliseconds. */
const askedFor = 90_000;

export function createBehaviours(seed: number, plan: Plan, clock: VirtualClock, history: History): Behaviours {
  let isMended = false;
  let life = 1;
  let running = new Map<string, number>();

  const kindOf = (handler: string, eventId: string): { readonly kind: Kind; readonly times: number } => {
    const random = seededRandom(hashOf(`${String(seed)} ${handler} ${eventId}`));
    if (random.chance(0.05)) return { kind: "slow", times: 1 };
    if (!random.chance(plan.failures)) return { kind: "well", times: 0 };
    return { kind: random.pick<Kind>(["fails first", "fails first", "fails", "refuses", "hangs", "asks for time"]), times: 1 + random.below(3) };
  };
  /** The auditing handler keeps the default policy. */
  const attemptsOf = (handler: string): number => (handler === "audit" ? retryPolicy(handler).attempts : plan.attempts);
  const enter = (handler: string, lane: Lane | undefined, signal: AbortSignal): (() => void) => {
    if (lane === undefined) return () => undefined;
    const id = `${handler} ${lane.name}`;
    const here = running;
    const count = (here.get(id) ?? 0) + 1;
    here.set(id, count);
    if (count > lane.limit) history.overlaps.push({ handler, lane: lane.name, running: count, limit: lane.limit });
    let left = false;
    const leave = (): void => {
      if (!left) here.set(id, (here.get(id) ?? 1) - 1);
      left = true;
    };
    signal.addEventListener("abort", leave, { once: true });
    return leave;
  };
  const misbehave = async (kind: Kind, times: number, attempt: number, run: Run): Promise<void> => {
    if (kind === "slow") await new Promise<void>((resolve) => void clock.timer(2_000, resolve));
    if (isMended) return;
    if (kind === "fails" || (kind === "fails first" && attempt <= times)) throw new Error("as planned");
    if (kind === "refuses") throw new NonRetryableError("refused for good");
    if (kind === "hangs" && attempt <= times) await never;
    if (kind === "asks for time" && attempt <= times) {
      run.askedFor = askedFor;
      throw new RetryAfterError(askedFor, "busy");
    }
  };

  return {
    async run(handler, event, ctx, work, lane) {
      const { kind, times } = kindOf(handler, event.id);
      const { attempt } = ctx;
      const run: Run = {
        handler,
        eventId: event.id,
        attempt,
        life,
        startedAt: ctx.now(),
        endedAt: undefined,
        trulyStartedAt: clock.monotonic(),
        trulyEndedAt: undefined,
        ended: "open",
        askedFor: undefined,
        settledAs: undefined,
      };
      history.runs.push(run);
      const leave = enter(handler, lane, ctx.signal);
      try {
        await work(run);
        await misbehave(kind, times, attempt, run);
        run.ended = "returned";
      } catch (thrown) {
        run.ended = "threw";
        throw thrown;
      } finally {
        run.endedAt = ctx.now();
        run.trulyEndedAt = clock.monotonic();
        leave();
      }
    },
    isDoomed: (handler, eventId) => {
      const { kind, times } = kindOf(handler, eventId);
      return kind === "fails" || kind === "refuses" || (kind !== "well" && kind !== "slow" && times >= attemptsOf(handler));
    },
    settled(handler, eventId, attempt, state) {
      const run = history.runs.findLast((entry) => entry.handler === handler && entry.eventId === eventId && entry.attempt === attempt && entry.life === life);
      if (run !== undefined) run.settledAs = state;
      if (state === "dead") history.everDead.add(`${handler}/${eventId}`);
    },
    mend() {
      isMended = true;
    },
    die() {
      life += 1;
      running = new Map();
    },
  };
}

/** A number for a text (FNV-1a, 32 bits). */
export function hashOf(text: string): number {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  return hash >>> 0;
}
