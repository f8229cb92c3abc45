/** Faults of the simulated AWS, drawn from a seed: what AWS says may happen, more often than it does. */
import type { Clock } from "../../core/ports.ts";
import type { SeededRandom } from "../random.ts";
import type { AwsFaults } from "./faults.ts";
import { AwsError, ConnectionError } from "./service/errors.ts";
import type { Caller } from "./service/service.ts";

/** What goes wrong, and how often. Shares are from 0 to 1. */
export interface AwsFaultPlan {
  /** Of requests to DynamoDB that are refused for now. */
  readonly refused: number;
  /** Of requests with which their service begins to refuse everybody, for a while. */
  readonly outages: number;
  /** Of requests that get no answer: half of them never arrived, half were done. */
  readonly unanswered: number;
  /** Of entries of a batch that fail by themselves: events, messages, keys. */
  readonly entries: number;
  /** Of requests of functions with which their process dies: half of them before they are done. */
  readonly kills: number;
  /** Of requests that are slow, and how slow at most, milliseconds. */
  readonly slow: number;
  readonly slowness: number;
  /** Of messages and events that come twice. */
  readonly twice: number;
  /** Of events that come late. */
  readonly late: number;
  /** Whether standard queues hand out in any order. */
  readonly reorder: boolean;
  /** Of starts of functions that are refused. */
  readonly throttled: number;
  /** Of invocations that get a new process although one is free. */
  readonly cold: number;
  /** Of processes out of time that finish after all. */
  readonly zombies: number;
  /** How far the wall clock of a process is off at most, milliseconds. */
  readonly skew: number;
  /** How far an index is behind at most, milliseconds. */
  readonly indexLag: number;
}

/** No fault at all: what a plan may begin with. */
export const calmAwsPlan: AwsFaultPlan = {
  refused: 0,
  outages: 0,
  unanswered: 0,
  entries: 0,
  kills: 0,
  slow: 0,
  slowness: 0,
  twice: 0,
  late: 0,
  reorder: false,
  throttled: 0,
  cold: 0,
  zombies: 0,
  skew: 0,
  indexLag: 0,
};

/** A plan in which most things go wrong now and then, some often, some never: another for each seed. */
export function drawAwsPlan(random: SeededRandom): AwsFaultPlan {
  const share = (): number => random.pick([0, 0.01, 0.03, 0.1]);
  return {
    refused: share(),
    outages: random.pick([0, 0, 0.002, 0.01]),
    unanswered: share(),
    entries: random.pick([0, 0.05, 0.2]),
    kills: random.pick([0, 0.005, 0.02]),
    slow: random.pick([0, 0.02, 0.1]),
    slowness: random.pick([50, 2_000, 90_000]),
    twice: random.pick([0, 0.05, 0.3]),
    late: random.pick([0, 0.05, 0.2]),
    reorder: random.chance(0.5),
    throttled: share(),
    cold: random.pick([0, 0.1, 0.5]),
    zombies: random.pick([0, 0.5, 1]),
    skew: random.pick([0, 5, 2_000]),
    indexLag: random.pick([0, 0, 20, 2_000]),
  };
}

/** Kinds of faults, by the name under which their strikes are counted. */
export const awsFaultKinds = [
  "request refused",
  "service out",
  "transaction refused",
  "request lost",
  "answer lost",
  "event refused",
  "message refused",
  "change of visibility refused",
  "key not read",
  "killed before a request",
  "killed after a request",
  "request slow",
  "event twice",
  "event late",
  "message twice",
  "message came back",
  "message not deleted",
  "schedule twice",
  "stream batch repeated",
  "function throttled",
  "process outlives its time",
] as const;
export type AwsFaultKind = (typeof awsFaultKinds)[number];

export interface SeededAwsFaults extends AwsFaults {
  /** How often each kind has struck. */
  readonly struck: ReadonlyMap<AwsFaultKind, number>;
  /** Whether faults strike. @default true */
  on(isOn: boolean): void;
}

/** Longest that an event or a message is late, milliseconds. */
const longestDelay = 20_000;
const longestOutage = 60_000;
/** A schedule is on time to the minute. */
const scheduleLateness = 60_000;

export function seededAwsFaults(plan: AwsFaultPlan, random: SeededRandom, clock: Pick<Clock, "monotonic">): SeededAwsFaults {
  /** Until when a service is out, by its name. */
  const outages = new Map<string, number>();
  const struck = new Map<AwsFaultKind, number>();
  let isOn = true;
  const strikes = (share: number, kind?: AwsFaultKind): boolean => {
    if (!isOn || share === 0 || !random.chance(share)) return false;
    if (kind !== undefined) struck.set(kind, (struck.get(kind) ?? 0) + 1);
    return true;
  };
  const below = (bound: number): number => (isOn && bound > 0 ? random.below(bound) : 0);
  const copies = (kind: AwsFaultKind): readonly number[] => {
    const first = strikes(plan.late, "event late") ? below(longestDelay) : 0;
    return strikes(plan.twice, kind) ? [first, below(longestDelay)] : [first];
  };
  const refusal = (operation: string, input: object): Error => {
    const items = "TransactItems" in input && Array.isArray(input.TransactItems) ? input.TransactItems.length : 0;
    if (operation === "dynamodb:TransactWriteItems" && random.chance(0.5)) {
      strikes(1, "transaction refused");
      const culprit = random.below(items);
      const code = random.pick(["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]);
      const reasons = Array.from({ length: items }, (_, index) => ({ Code: index === culprit ? code : "None" }));
      const codes = reasons.map(({ Code }) => Code).join(", ");
      return new AwsError("TransactionCanceledException", `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`, 400, {
        CancellationReasons: reasons,
      });
    }
    strikes(1, "request refused");
    return random.chance(0.5) ? new AwsError("ThrottlingException", "Rate exceeded") : new AwsError("InternalServerError", "Internal server error", 500);
  };
  const isOut = (operation: string): boolean => {
    const [service = ""] = operation.split(":");
    if (strikes(plan.outages, "service out")) outages.set(service, clock.monotonic() + below(longestOutage));
    return isOn && (outages.get(service) ?? 0) > clock.monotonic();
  };
  const noAnswer = (): Error => new ConnectionError("TimeoutError", "The request timed out");
  const entryKinds: Readonly<Record<string, readonly [AwsFaultKind, string]>> = {
    "events:PutEvents": ["event refused", "InternalFailure"],
    "sqs:SendMessageBatch": ["message refused", "InternalError"],
    "sqs:ChangeMessageVisibilityBatch": ["change of visibility refused", "InternalError"],
    "dynamodb:BatchGetItem": ["key not read", "Throttled"],
  };
  const isFunction = (caller: Caller): boolean => caller.function !== "";

  return {
    struck,
    on: (on) => {
      isOn = on;
    },
    requests: {
      latency: () => (strikes(plan.slow, "request slow") ? 1 + below(plan.slowness) : 0),
      before: (operation, caller, input) => {
        if (isFunction(caller) && strikes(plan.kills / 2, "killed before a request")) return "kill";
        if (isOut(operation)) return new AwsError("ServiceUnavailableException", "Service Unavailable", 503);
        if (strikes(plan.unanswered / 2, "request lost")) return noAnswer();
        return strikes(plan.refused) ? refusal(operation, input) : undefined;
      },
      after: (_operation, caller) => {
        if (isFunction(caller) && strikes(plan.kills / 2, "killed after a request")) return "kill";
        return strikes(plan.unanswered / 2, "answer lost") ? noAnswer() : undefined;
      },
      entry: (operation) => {
        const [kind, code] = entryKinds[operation] ?? [];
        return kind !== undefined && strikes(plan.entries, kind) ? code : undefined;
      },
    },
    queues: {
      order: (messages) => (isOn && plan.reorder ? shuffled(messages, random) : messages),
      isSeenTwice: () => strikes(plan.twice / 2, "message twice"),
      returns: () => (strikes(plan.twice / 2, "message came back") ? below(longestDelay) : undefined),
    },
    bus: { deliveries: () => copies("event twice") },
    scheduler: {
      calls: () => {
        const late = below(plan.late === 0 ? 0 : scheduleLateness);
        return strikes(plan.twice, "schedule twice") ? [late, below(scheduleLateness)] : [late];
      },
    },
    lambda: {
      throttles: () => strikes(plan.throttled, "function throttled"),
      forgets: () => strikes(plan.cold),
      outlives: () => strikes(plan.zombies, "process outlives its time"),
      skew: () => below(2 * plan.skew) - (isOn ? plan.skew : 0),
    },
    mappings: {
      keepsMessage: () => strikes(plan.entries, "message not deleted"),
      streamLag: () => (strikes(plan.late) ? below(2_000) : 0),
      repeatsBatch: () => strikes(plan.twice / 2, "stream batch repeated"),
      switching: () => below(60_000),
    },
    indexLag: () => below(plan.indexLag),
  };
}

/** A random order (Fisher and Yates). */
function shuffled<Item>(items: readonly Item[], random: SeededRandom): readonly Item[] {
  const left = [...items];
  const drawn: Item[] = [];
  while (left.length > 0) drawn.push(...left.splice(random.below(left.length), 1));
  return drawn;
}
