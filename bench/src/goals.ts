/** What PulseQueue must reach, as ratios within one repetition of one run. */
import type { PeerName } from "./peer.ts";
import type { Sample, Subject } from "./sample.ts";
import { spread, type Spread } from "./statistics.ts";
import type { Work } from "./works/index.ts";

export interface Goal {
  readonly work: string;
  readonly against: string;
  /** Whether the value must be at least, or at most, the target. */
  readonly sense: ">=" | "<=";
  readonly target: number;
  /** The goal beyond it. */
  readonly beyond: number;
  /** `×` for a ratio. */
  readonly unit: "×" | "MiB" | "ms" | "kB" | "an event";
}

export interface GoalResult extends Goal {
  /** `undefined`: a measurement is missing. */
  readonly value: Spread | undefined;
  readonly reached: boolean | undefined;
}

type Value = (of: (work: Work, subject: Subject, figure: string) => number | undefined) => number | undefined;

const rate = "endToEndPerSecond";
const rivals: readonly PeerName[] = ["bullmq", "graphile-worker", "pg-boss"];

const goals: readonly (Goal & { readonly compute: Value })[] = [
  {
    work: "A, end to end",
    against: "graphile-worker",
    sense: ">=",
    target: 1.5,
    beyond: 3,
    unit: "×",
    compute: (of) => ratio(of("a", "pulsequeue", rate), of("a", "graphile-worker", rate)),
  },
  {
    work: "A, end to end",
    against: "BullMQ",
    sense: ">=",
    target: 2.5,
    beyond: 6,
    unit: "×",
    compute: (of) => ratio(of("a", "pulsequeue", rate), of("a", "bullmq", rate)),
  },
  {
    work: "B, end to end",
    against: "the fastest of BullMQ, graphile-worker, pg-boss",
    sense: ">=",
    target: 3,
    beyond: 8,
    unit: "×",
    compute: (of) =>
      ratio(
        of("b", "pulsequeue", rate),
        best(
          rivals.map((peer) => of("b", peer, rate)),
          "highest",
        ),
      ),
  },
  {
    work: "B on hot rows, end to end",
    against: "the fastest of BullMQ, graphile-worker, pg-boss",
    sense: ">=",
    target: 3,
    beyond: 8,
    unit: "×",
    compute: (of) =>
      ratio(
        of("b-hot", "pulsequeue", rate),
        best(
          rivals.map((peer) => of("b-hot", peer, rate)),
          "highest",
        ),
      ),
  },
  {
    work: "publish, 100 concurrent awaiters",
    against: "BullMQ",
    sense: ">=",
    target: 2,
    beyond: 3.5,
    unit: "×",
    compute: (of) => ratio(of("publish-100", "pulsequeue", "publishPerSecond"), of("publish-100", "bullmq", "publishPerSecond")),
  },
  {
    work: "idle latency, p50",
    against: "BullMQ",
    sense: "<=",
    target: 1,
    beyond: 0.5,
    unit: "×",
    compute: (of) => ratio(of("latency", "pulsequeue", "p50Ms"), of("latency", "bullmq", "p50Ms")),
  },
  {
    work: "idle latency, p99",
    against: "the best of BullMQ, graphile-worker, pg-boss",
    sense: "<=",
    target: 1,
    beyond: 0.5,
    unit: "×",
    compute: (of) =>
      ratio(
        of("latency", "pulsequeue", "p99Ms"),
        best(
          rivals.map((peer) => of("latency", peer, "p99Ms")),
          "lowest",
        ),
      ),
  },
  {
    work: "throughput with many events waiting",
    against: "our own with few",
    sense: ">=",
    target: 0.8,
    beyond: 0.95,
    unit: "×",
    compute: (of) => ratio(of("backlog", "many", "processPerSecond"), of("backlog", "few", "processPerSecond")),
  },
  {
    work: "memory with many events waiting",
    against: "",
    sense: "<=",
    target: 150,
    beyond: 150,
    unit: "MiB",
    compute: (of) => of("backlog", "many", "peakMemoryMiB"),
  },
  {
    work: "cost of an event with a long journal",
    against: "our own with a short one",
    sense: "<=",
    target: 1.3,
    beyond: 1.1,
    unit: "×",
    compute: (of) => ratio(of("journal", "many", "microsecondsPerEvent"), of("journal", "few", "microsecondsPerEvent")),
  },
  {
    work: "handling again after SIGKILL, many events waiting",
    against: "",
    sense: "<=",
    target: 2_000,
    beyond: 2_000,
    unit: "ms",
    compute: (of) => of("recovery", "many", "handledMs"),
  },
  {
    work: "durable ingest over HTTP, single events",
    against: "an empty route of the same server",
    sense: ">=",
    target: 0.35,
    beyond: 0.5,
    unit: "×",
    compute: (of) => ratio(of("http", "pulsequeue", "ingestPerSecond"), of("http", "pulsequeue", "emptyPerSecond")),
  },
  {
    work: "durable ingest over HTTP, batches of 100",
    against: "single events",
    sense: ">=",
    target: 8,
    beyond: 12,
    unit: "×",
    compute: (of) => ratio(of("http", "pulsequeue", "batchEventsPerSecond"), of("http", "pulsequeue", "ingestPerSecond")),
  },
  {
    work: "p99 over HTTP at half load",
    against: "an empty route at the same rate",
    sense: "<=",
    target: 3,
    beyond: 2,
    unit: "×",
    compute: (of) => ratio(of("http", "pulsequeue", "ingestP99Ms"), of("http", "pulsequeue", "emptyP99Ms")),
  },
  {
    work: "memory while 10 times as much is offered as is handled",
    against: "",
    sense: "<=",
    target: 256,
    beyond: 192,
    unit: "MiB",
    compute: (of) => of("overload", "pulsequeue", "peakMemoryMiB"),
  },
  {
    work: "bundle of a handler on AWS",
    against: "",
    sense: "<=",
    target: 700,
    beyond: 500,
    unit: "kB",
    compute: (of) => of("aws", "pulsequeue", "bundleKb"),
  },
  {
    work: "start of a handler under AWS's runtime client",
    against: "an empty function with the same clients",
    sense: "<=",
    target: 2,
    beyond: 1.5,
    unit: "×",
    compute: (of) => ratio(of("aws", "pulsequeue", "startMs"), of("aws", "pulsequeue", "emptyStartMs")),
  },
  {
    work: "our time for an event on AWS, batches of 10",
    against: "",
    sense: "<=",
    target: 0.3,
    beyond: 0.15,
    unit: "ms",
    compute: (of) => of("aws", "pulsequeue", "msPerEvent"),
  },
  {
    work: "requests to DynamoDB, batches of 10",
    against: "",
    sense: "<=",
    target: 0.3,
    beyond: 0.1,
    unit: "an event",
    compute: (of) => of("aws", "pulsequeue", "requestsPerEvent"),
  },
  {
    work: "entries on the bus",
    against: "",
    sense: "<=",
    target: 1,
    beyond: 1,
    unit: "an event",
    compute: (of) => of("aws", "pulsequeue", "busEntriesPerEvent"),
  },
];

/** Each goal with the median and the spread of its value over the repetitions that have every figure it needs. */
export function judge(samples: readonly Sample[], repetitions: number): readonly GoalResult[] {
  return goals.map(({ compute, ...goal }) => {
    const values: number[] = [];
    for (let repetition = 1; repetition <= repetitions; repetition += 1) {
      const value = compute(
        (work, subject, figure) => samples.find((one) => one.work === work && one.subject === subject && one.repetition === repetition)?.figures[figure],
      );
      if (value !== undefined) values.push(value);
    }
    if (values.length < repetitions) return { ...goal, value: undefined, reached: undefined };
    const value = spread(values);
    return { ...goal, value, reached: goal.sense === ">=" ? value.median >= goal.target : value.median <= goal.target };
  });
}

function ratio(ours: number | undefined, theirs: number | undefined): number | undefined {
  return ours === undefined || theirs === undefined ? undefined : ours / theirs;
}

/** The best of them; unknown as long as one is. */
function best(values: readonly (number | undefined)[], which: "highest" | "lowest"): number | undefined {
  const known = values.filter((value) => value !== undefined);
  if (known.length < values.length) return undefined;
  return which === "highest" ? Math.max(...known) : Math.min(...known);
}
