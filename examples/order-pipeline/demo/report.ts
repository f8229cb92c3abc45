/** The demonstration's result, for people and as JSON. */
import { formatMoney } from "../money.ts";
import type { Measured } from "./measure.ts";
import type { DemoOptions } from "./options.ts";

export interface DemoResult {
  readonly options: DemoOptions;
  readonly placed: number;
  readonly duplicates: number;
  /** Requests that a crash left without an answer, sent again with the same key. */
  readonly unknown: number;
  readonly tooLate: number;
  readonly refundsAsked: number;
  readonly kills: number;
  readonly atRest: boolean;
  readonly deadLetters: number;
  readonly seconds: number;
  readonly ordersPerSecond: number;
  readonly eventsPerSecond: number;
  readonly measured: Measured;
}

/** What one kill is. */
const killed = { local: "kill -9", "aws-sim": "every function killed" } as const;
/** Most violations that are printed one by one. */
const mostShown = 20;

export function asJson(result: DemoResult): string {
  return JSON.stringify(result, undefined, 2);
}

export function asTable(result: DemoResult): string {
  const { measured, options } = result;
  const state = (name: string): number => measured.states[name] ?? 0;
  const reasons = Object.entries(measured.reasons).map(([reason, count]): [string, string] => [`  ${reason.replaceAll("_", " ")}`, number(count)]);
  const rows: readonly (readonly [string, string])[] = [
    ["placed", `${number(result.placed)} orders by ${number(options.buyers)} buyers at once`],
    ["submitted twice", `${number(result.duplicates)}, and not one order more`],
    ["unknown outcome", `${number(result.unknown)} requests, sent again with the same key after ${number(result.kills)} × ${killed[options.engine]}`],
    ["confirmed", number(state("CONFIRMED"))],
    ["cancelled", number(state("CANCELLED"))],
    ["expired", number(state("EXPIRED"))],
    ["refunded", `${number(state("REFUNDED"))}, and ${number(measured.partlyRefunded)} in part`],
    ["needs attention", number(state("NEEDS_ATTENTION"))],
    ["why not", reasons.length === 0 ? "every buyer got what they wanted" : ""],
    ...reasons,
    ["units sold", `${number(measured.unitsSold)} of ${number(measured.unitsInAll)}`],
    ["money", `${formatMoney(measured.captured, "EUR")} captured, ${formatMoney(measured.refunded, "EUR")} refunded`],
    ["events", `${number(measured.events)} in ${result.seconds.toFixed(1)} s`],
    ["rate", `${number(Math.round(result.ordersPerSecond))} orders/s, ${number(Math.round(result.eventsPerSecond))} events/s`],
    [options.engine === "local" ? "order to confirmation" : "the same in virtual time", `p50 ${milliseconds(measured.p50)}, p99 ${milliseconds(measured.p99)}`],
    ["dead letters", number(result.deadLetters)],
    ["invariants", measured.violations.length === 0 ? "all hold" : `${number(measured.violations.length)} VIOLATIONS`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd());
  const shown = measured.violations.slice(0, mostShown).map(({ rule, subject, message }) => `  ${rule}: ${subject}: ${message}`);
  return [...lines, ...shown].join("\n");
}

function number(value: number): string {
  return value.toLocaleString("en");
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? "none" : `${number(value)} ms`;
}
