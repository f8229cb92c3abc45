/** The result of a simulation, for people and as JSON. */
import { table } from "../crash/report.ts";
import { count, type Simulation } from "./simulation.ts";

/** What one seed came to, as it passes between processes. */
export interface SeedReport {
  readonly seed: number;
  readonly hash: string;
  readonly violations: readonly { readonly rule: string; readonly text: string }[];
  readonly kills: readonly (readonly [point: string, count: number])[];
  readonly steps: number;
  readonly events: number;
  readonly runs: number;
  /** Whether it ran twice. */
  readonly repeated: boolean;
}

export interface Summary {
  readonly from: number;
  readonly seeds: number;
  readonly repeated: number;
  readonly steps: number;
  readonly events: number;
  readonly runs: number;
  readonly seconds: number;
  readonly kills: Readonly<Record<string, number>>;
  /** Points at which no seed killed the engine. */
  readonly missed: readonly string[];
  /** Seeds that broke a rule, lowest first. */
  readonly failed: readonly SeedReport[];
}

/** From so many seeds on every point must have been struck. */
const enoughForAllPoints = 500;

export function summarise({ points }: Pick<Simulation, "points">, from: number, reports: readonly SeedReport[], seconds: number): Summary {
  const kills: Record<string, number> = Object.fromEntries(points.map((point) => [point, 0]));
  for (const report of reports) for (const [point, count] of report.kills) kills[point] = (kills[point] ?? 0) + count;
  const sum = (pick: (report: SeedReport) => number): number => reports.reduce((total, report) => total + pick(report), 0);
  return {
    from,
    seeds: reports.length,
    repeated: reports.filter((report) => report.repeated).length,
    steps: sum((report) => report.steps),
    events: sum((report) => report.events),
    runs: sum((report) => report.runs),
    seconds,
    kills,
    missed: points.filter((point) => kills[point] === 0),
    failed: reports.filter((report) => report.violations.length > 0).sort((left, right) => left.seed - right.seed),
  };
}

/** Whether every seed kept every rule, and enough of them have struck at every point. */
export function isClean({ seeds, missed, failed }: Summary): boolean {
  return failed.length === 0 && (missed.length === 0 || seeds < enoughForAllPoints);
}

const mostSeedsShown = 10;
const mostViolationsShown = 3;

export function asTable({ command, struck }: Pick<Simulation, "command" | "struck">, summary: Summary): string {
  const { from, seeds, repeated, steps, events, runs, seconds, kills, missed, failed } = summary;
  const rows = [
    ["seeds", `${count(seeds)}, from ${String(from)}`],
    ["run twice", `${count(repeated)}, to compare their traces`],
    ["steps", count(steps)],
    ["events", count(events)],
    ["handler runs", count(runs)],
    ["rate", `${(seeds / seconds).toFixed(1)} seeds/s, ${count(Math.round(steps / seconds))} steps/s in ${seconds.toFixed(1)} s`],
    ["violations", failed.length === 0 ? "0" : `in ${count(failed.length)} seeds`],
  ];
  const shown = failed
    .slice(0, mostSeedsShown)
    .flatMap(({ seed, violations }) => [
      `seed ${String(seed)} (run it again: npm run ${command} -- --from ${String(seed)} --seeds 1)`,
      ...violations.slice(0, mostViolationsShown).map(({ rule, text }) => `  ${rule}: ${text}`),
    ]);
  const never = missed.length > 0 && seeds >= enoughForAllPoints ? [`never struck: ${missed.join(", ")}`] : [];
  return [table(struck(kills)), "", table(rows), ...never, ...shown].join("\n");
}
