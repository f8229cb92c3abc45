import type { PeerName } from "../peer.ts";

/** What is compared between peers. */
export const comparedWorks = ["a", "b", "b-hot", "publish-100", "publish-one", "latency"] as const;
/** What PulseQueue is compared with itself in. */
export const ownWorks = ["backlog", "journal", "recovery"] as const;

/** What the door is measured by, over HTTP. */
export const doorWorks = ["http", "overload", "answers"] as const;

/** What a function on AWS is measured by. */
export const awsWorks = ["aws"] as const;
/** Who does the work of a function. */
export const awsSubjects = ["pulsequeue", "powertools"] as const;

export type AwsWork = (typeof awsWorks)[number];
export type ComparedWork = (typeof comparedWorks)[number];
export type OwnWork = (typeof ownWorks)[number];
export type DoorWork = (typeof doorWorks)[number];
export type Work = ComparedWork | OwnWork | DoorWork | AwsWork;

export const workTitles: Readonly<Record<Work, string>> = {
  a: "A: the handler does nothing",
  b: "B: one row, one follow-up, completion",
  "b-hot": "B on 10 rows that every batch repeats",
  "publish-100": "publish, 100 concurrent awaiters",
  "publish-one": "publish, one by one",
  latency: "idle latency, publish to handler",
  backlog: "throughput while events wait",
  journal: "cost of an event by length of the journal",
  recovery: "back after SIGKILL under load",
  http: "ingest over HTTP, beside an empty route of the same server",
  overload: "ten times as much is offered over HTTP as the handler takes",
  aws: "a function on AWS: one row written for each event, once, in batches of 10",
  answers: "answers that must not tell apart what they hide (printed, not judged)",
};

/** Whether this peer does this work differently from another entry of the same queue. */
export function takesPart(peer: PeerName, work: ComparedWork): boolean {
  return peer !== "pg-boss-bulk" || work === "b" || work === "b-hot";
}
