/** What a run is printed as. */
import type { GoalResult } from "./goals.ts";
import type { Machine } from "./machine.ts";
import type { Options } from "./options.ts";
import type { Peer } from "./peer.ts";
import type { Outcome } from "./run.ts";
import type { Sample, Subject } from "./sample.ts";
import { postgresSettings } from "./servers/postgres.ts";
import { redisSettings } from "./servers/redis.ts";
import { spread, type Spread } from "./statistics.ts";
import { workTitles, type Work } from "./works/index.ts";

export interface Report {
  readonly machine: Machine;
  /** Before the first and after the last measurement: far apart, they tell of a machine that was not idle. */
  readonly syncsPerSecond: { readonly before: number; readonly after: number };
  readonly options: Options;
  readonly peers: readonly (Pick<Peer, "name" | "durability" | "order" | "settings"> & { readonly version: string })[];
  readonly outcome: Outcome;
  readonly goals: readonly GoalResult[];
}

const unitsOfFigures: Readonly<Record<string, string>> = {
  publishPerSecond: "publish/s",
  processPerSecond: "process/s",
  endToEndPerSecond: "end to end/s",
  p50Ms: "p50 ms",
  p99Ms: "p99 ms",
  peakMemoryMiB: "peak memory MiB",
  microsecondsPerEvent: "µs per event",
  openMs: "open ms",
  acceptedMs: "first event accepted ms",
  handledMs: "first event handled ms",
  emptyPerSecond: "empty route/s",
  barePerSecond: "the same requests to a bare route/s",
  ingestPerSecond: "single events/s",
  batchEventsPerSecond: "events in batches of 100/s",
  emptyP50Ms: "empty route p50 ms",
  emptyP99Ms: "empty route p99 ms",
  ingestP50Ms: "single event p50 ms",
  ingestP99Ms: "single event p99 ms",
  acceptedPerSecond: "accepted/s",
  handledPerSecond: "handled/s",
  foreignP50Us: "another tenant's id p50 µs",
  missingP50Us: "nobody's id p50 µs",
  bundleKb: "bundle kB",
  startMs: "start ms",
  emptyStartMs: "start of an empty function with the same clients ms",
  msPerEvent: "ms an event",
  requestsPerEvent: "requests to DynamoDB an event",
  busEntriesPerEvent: "entries on the bus an event",
  wrongKeyP50Us: "wrong secret p50 µs",
  unknownKeyP50Us: "unknown key p50 µs",
};

/** The whole report in Markdown. */
export function markdown(report: Report): string {
  const { machine, syncsPerSecond, options, outcome } = report;
  const sections = [
    `# Benchmark of ${machine.date}`,
    [
      `${String(machine.cores)} × ${machine.cpu}, ${String(machine.memoryGiB)} GiB, ${machine.system}; Node ${[machine.node, ...outcome.servers].join(", ")}.`,
      `Synced appends of 4 KiB a second: ${whole(syncsPerSecond.before)} before, ${whole(syncsPerSecond.after)} after.`,
      `${String(options.repetitions)} repetition(s) of ${whole(options.jobs)} jobs, 182 bytes of JSON each, one fresh process and store per measurement, the order rotated; median (smallest–largest).`,
      "Ratios are taken within a repetition. Effects were checked after each run. Peers and servers share the machine.",
    ].join("\n"),
    "## What must be reached",
    table(["work", "against", "must be", "goal beyond", "is", "reached"], report.goals.map(goalRow)),
    ...options.works.map((work) => `## ${workTitles[work]}\n\n${workTable(work, options, outcome.samples)}`),
    "## How each peer was run",
    table(
      ["peer", "durability", "settings", "work B"],
      report.peers.map((peer) => [`${peer.name} ${peer.version}`, peer.durability, peer.settings, peer.order]),
    ),
    `Redis: ${redisSettings}. PostgreSQL: ${postgresSettings}.`,
  ];
  if (outcome.problems.length > 0) {
    const rows = outcome.problems.map((problem) => [
      problem.work,
      problem.subject,
      String(problem.repetition),
      problem.check ? "check failed" : "failed",
      problem.message,
    ]);
    sections.push("## Without a figure", table(["work", "subject", "repetition", "", "reason"], rows));
  }
  return `${sections.join("\n\n")}\n`;
}

function goalRow({ work, against, sense, target, beyond, unit, value, reached }: GoalResult): readonly string[] {
  const mark = unit === "×" ? "×" : ` ${unit}`;
  const bound = sense === ">=" ? "≥" : "≤";
  return [
    work,
    against === "" ? "–" : against,
    `${bound} ${String(target)}${mark}`,
    `${bound} ${String(beyond)}${mark}`,
    value === undefined ? "not measured" : `${spreadText(value)}${mark}`,
    reached === undefined ? "–" : reached ? "yes" : "**no**",
  ];
}

function workTable(work: Work, { sizes }: Options, samples: readonly Sample[]): string {
  const ofWork = samples.filter((sample) => sample.work === work);
  const figures = Object.keys(ofWork[0]?.figures ?? {});
  const subjects = [...new Set(ofWork.map((sample) => sample.subject))].sort();
  const title = (subject: Subject): string => {
    if (subject !== "few" && subject !== "many") return subject;
    return `${whole(sizes[work === "journal" ? "journal" : "backlog"][subject])} events`;
  };
  const rows = subjects.map((subject) => {
    const own = ofWork.filter((sample) => sample.subject === subject);
    return [title(subject), ...figures.map((figure) => spreadText(spread(own.map((sample) => sample.figures[figure] ?? Number.NaN))))];
  });
  return table(["", ...figures.map((figure) => unitsOfFigures[figure] ?? figure)], rows);
}

function spreadText({ median, min, max }: Spread): string {
  return min === max ? short(median) : `${short(median)} (${short(min)}–${short(max)})`;
}

/** Whole numbers from 100 on, below that two decimals. */
function short(value: number): string {
  return Math.abs(value) >= 100 ? whole(value) : value.toFixed(2);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
