/**
 * List prices in US dollars for us-east-1, without free tier, savings plan or discount, as AWS's pricing pages
 * (aws.amazon.com/{dynamodb,eventbridge,sqs,lambda,cloudwatch}/pricing) gave them on the date below. Other regions differ by some percent.
 * Prices change: `pulsequeue cost --prices <file>` takes others.
 */
import { PulseQueueError, type Issue } from "../../core/errors.ts";

export interface Prices {
  /** When they were taken, ISO 8601. */
  readonly date: string;
  readonly region: string;
  /** A million write and read request units of DynamoDB, on demand. */
  readonly writeUnits: number;
  readonly readUnits: number;
  /** A million events put on a bus; each 64 KB of one counts. */
  readonly busEvents: number;
  /** A million requests to a standard and a FIFO queue; each 64 KB of one counts. */
  readonly queueRequests: number;
  readonly fifoRequests: number;
  /** A million calls of a function. */
  readonly calls: number;
  /** A million gigabyte-seconds of a function on arm64. */
  readonly gigabyteSeconds: number;
}

export const listPrices: Prices = {
  date: "2026-11-24",
  region: "us-east-1",
  writeUnits: 0.625,
  readUnits: 0.125,
  busEvents: 1,
  queueRequests: 0.4,
  fifoRequests: 0.5,
  calls: 0.2,
  gigabyteSeconds: 13.3334,
};

/** Prices that a user gives. Throws `OPERATION_INVALID` for a missing, unknown or wrong field. */
export function parsePrices(value: unknown): Prices {
  const given: Readonly<Record<string, unknown>> = typeof value === "object" && value !== null ? { ...value } : {};
  const problems: Issue[] = Object.entries(listPrices).flatMap(([field, example]) => {
    const found = given[field];
    const fits = typeof example === "number" ? typeof found === "number" && found >= 0 : typeof found === "string" && found !== "";
    return fits ? [] : [{ path: field, message: typeof example === "number" ? "must be a number from 0" : "must be a text" }];
  });
  for (const field of Object.keys(given)) if (!(field in listPrices)) problems.push({ path: field, message: "is not known" });
  if (problems.length > 0) throw new PulseQueueError("OPERATION_INVALID", "These prices cannot be used", { issues: problems });
  return given as unknown as Prices;
}
