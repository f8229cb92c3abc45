/**
 * The delivery state machine. A delivery is one event on its way to one handler.
 *
 * - `scheduled`: its time has not come. Entered at publish with a delay, or by `postponed`. Left by `due`.
 * - `ready`: it may start as soon as there is room. Entered at publish, by `due`, `released`, `returned`, `redriven`.
 * - `running`: an attempt is under way. Entered from `ready` by `claimed`, which counts the attempt.
 * - `retrying`: an attempt failed and the next one waits for its time: a `ready` in the future. Left by `due`.
 * - `parked`: an earlier event of its key is not finished (ordered handlers), or its key is at its limit. Left by `released`.
 * - `done`: its effects are committed. Final.
 * - `dead`: a dead letter, with its cause. Left only by an operator: `redriven` starts a new series of attempts, `discarded` ends it.
 * - `discarded`: an operator ended it without effects, with a reason. Final.
 *
 * `(state, fact, now) -> (state, effects)`. Effects tell the engine what follows: `release-key` lets the next delivery of
 * the key go, `wake-at` asks for a timer, `dead-letter` raises the alarm. Whatever is not listed here is refused.
 */
import { isPulseQueueError, PulseQueueError, type Issue } from "./errors.ts";
import { scrubDeep } from "./personal-data.ts";
import { retryDelay, type RetryPolicy } from "./retry.ts";

export const deliveryStates = ["scheduled", "ready", "running", "retrying", "parked", "done", "dead", "discarded"] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** Why an attempt failed, as it is kept and shown to operators. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly issues?: readonly Issue[];
  /** Where the handler threw. For operators only. */
  readonly stack?: string;
}

export interface DeliveryStatus {
  readonly state: DeliveryState;
  /** Attempts used in this series. */
  readonly attempts: number;
  /** When it may start, for `scheduled` and `retrying`. */
  readonly dueAt: number | undefined;
  readonly failure: Failure | undefined;
}

export type DeliveryFact =
  | { readonly type: "due" | "claimed" | "blocked" | "released" | "succeeded" | "returned" | "redriven" | "discarded" }
  | {
      readonly type: "failed";
      readonly failure: Failure;
      /** Never try again. */ readonly final: boolean;
      /** Wait chosen by the handler, milliseconds. */ readonly delay: number | undefined;
    }
  /** Not tried, and no attempt used: its event's version is unknown here. */
  | { readonly type: "postponed"; readonly failure: Failure; readonly delay: number }
  /** The process died while it ran. */
  | { readonly type: "crashed"; readonly failure: Failure };

export type DeliveryEffect = { readonly type: "release-key" } | { readonly type: "dead-letter" } | { readonly type: "wake-at"; readonly at: number };

export interface Transition {
  readonly status: DeliveryStatus;
  readonly effects: readonly DeliveryEffect[];
}

export const fresh: DeliveryStatus = { state: "ready", attempts: 0, dueAt: undefined, failure: undefined };

/** Applies `fact` to `status`. Throws `INTERNAL` for a fact that the state does not allow. */
export function transition(status: DeliveryStatus, fact: DeliveryFact, policy: RetryPolicy, now: number, random: () => number): Transition {
  const to = (state: DeliveryState, change: Partial<DeliveryStatus> = {}, ...effects: readonly DeliveryEffect[]): Transition => ({
    status: { ...status, dueAt: undefined, ...change, state },
    effects,
  });
  const from = (...states: readonly DeliveryState[]): void => {
    if (!states.includes(status.state)) throw new PulseQueueError("INTERNAL", `A delivery that is ${status.state} cannot be ${fact.type}`);
  };
  switch (fact.type) {
    case "due":
      from("scheduled", "retrying");
      return to("ready");
    case "claimed":
      from("ready");
      return to("running", { attempts: status.attempts + 1 });
    case "blocked":
      from("ready", "scheduled", "retrying");
      return to("parked");
    case "released":
      from("parked");
      return to("ready");
    case "returned":
      from("running");
      return to("ready", { attempts: status.attempts - 1 });
    case "succeeded":
      from("running");
      return to("done", { failure: undefined }, { type: "release-key" });
    case "postponed":
      from("running");
      return wait("scheduled", fact.delay, fact.failure, status.attempts - 1);
    case "failed":
      from("running");
      if (fact.final || status.attempts >= policy.attempts) return dead(fact.failure);
      return wait("retrying", fact.delay ?? retryDelay(policy, status.attempts, random), fact.failure, status.attempts);
    case "crashed":
      from("running");
      if (status.attempts >= policy.attempts) return dead(fact.failure);
      return wait("retrying", retryDelay(policy, status.attempts, random), fact.failure, status.attempts);
    case "redriven":
      from("dead");
      return to("ready", { attempts: 0 });
    case "discarded":
      from("dead", "scheduled", "ready", "retrying", "parked");
      return to("discarded", {}, { type: "release-key" });
  }

  function wait(state: "retrying" | "scheduled", delay: number, failure: Failure, attempts: number): Transition {
    const at = now + delay;
    return to(state, { attempts, dueAt: at, failure }, { type: "wake-at", at });
  }
  function dead(failure: Failure): Transition {
    return to("dead", { failure }, { type: "dead-letter" }, { type: "release-key" });
  }
}

/** The failure without any of `values` in its texts: what a handler throws may quote personal data or a secret. */
export function scrubFailure(failure: Failure, values: readonly string[]): Failure {
  return values.length === 0 ? failure : { ...(scrubDeep(failure, values) as Failure), code: failure.code };
}

const maxMessage = 2_000;
const maxStack = 4_000;

/** The fact that a thrown value is: final for `NonRetryableError` and for data that can never pass. */
export function failureOf(thrown: unknown, now: number): Extract<DeliveryFact, { type: "failed" }> {
  if (isPulseQueueError(thrown)) {
    const failure = {
      code: thrown.code,
      message: thrown.message.slice(0, maxMessage),
      at: now,
      ...(thrown.issues.length > 0 ? { issues: thrown.issues } : {}),
    };
    return { type: "failed", failure, final: thrown.retry !== "later", delay: thrown.code === "RETRY_AFTER" ? thrown.retryAfter : undefined };
  }
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : `the handler threw ${typeof thrown}`;
  const stack = thrown instanceof Error ? thrown.stack?.slice(0, maxStack) : undefined;
  const failure: Failure = { code: "HANDLER_FAILED", message: message.slice(0, maxMessage), at: now, ...(stack === undefined ? {} : { stack }) };
  return { type: "failed", failure, final: false, delay: undefined };
}
