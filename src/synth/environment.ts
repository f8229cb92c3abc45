/** The values in which one environment differs from another: what stands in `infra/stacks/<environment>/environment.json`. */
import { PulseQueueError, type Issue } from "../core/errors.ts";

export interface Environment {
  /** `dev`, `staging`, `prod`: 1 to 16 lower-case letters and digits. */
  readonly environment: string;
  /** AWS account, 12 digits: nothing is planned in another one. */
  readonly account: string;
  readonly region: string;
  /** Who answers for this environment: a team's name, in tags and alarms. */
  readonly owner: string;
  /** Where alarms go: the ARN of an SNS topic in this account and region. */
  readonly alarmTopic: string;
  /** Days that logs are kept; one of the values that CloudWatch Logs takes. */
  readonly logRetentionDays: number;
  /** Days that DynamoDB can be restored to any second of: 1 to 35. */
  readonly recoveryDays: number;
  /** Whether tables refuse to be deleted. */
  readonly deletionProtection: boolean;
  /** Requests per second over all callers that the API takes, and how many at once. */
  readonly throttle: { readonly rate: number; readonly burst: number };
  /** Who issues the tokens of endpoints with `auth: "jwt"`. */
  readonly jwt?: { readonly issuer: string; readonly audience: string };
  /** AWS Organizations id: what is outside is refused by resource policies. */
  readonly organization?: string;
  /** ARN of a Lambda code signing configuration: unsigned bundles are refused. */
  readonly codeSigning?: string;
}

/** What CloudWatch Logs takes as retention, in days (its API reference, PutRetentionPolicy, read 2026-11). */
const retentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

type Rule = (value: unknown) => string | undefined;

const text =
  (pattern: RegExp, words: string): Rule =>
  (value) =>
    typeof value === "string" && pattern.test(value) ? undefined : `must be ${words}`;
const whole =
  (least: number, most: number): Rule =>
  (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most ? undefined : `must be a whole number from ${String(least)} to ${String(most)}`;
const record =
  (fields: Readonly<Record<string, Rule>>): Rule =>
  (value) => {
    const found = problemsOf(fields, [], value, "");
    return found.length === 0 ? undefined : found.map(({ path, message }) => `${path} ${message}`).join("; ");
  };

const required: Readonly<Record<string, Rule>> = {
  environment: text(/^[a-z][a-z\d]{0,15}$/, "1 to 16 lower-case letters and digits, beginning with a letter"),
  account: text(/^\d{12}$/, "an AWS account of 12 digits"),
  region: text(/^[a-z]{2}(?:-[a-z]+)+-\d$/, "an AWS region, e.g. eu-central-1"),
  owner: text(/^[\w .@+-]{1,128}$/, "the name of a team or an address, 1 to 128 characters"),
  alarmTopic: text(/^arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]+$/, "the ARN of an SNS topic"),
  logRetentionDays: (value) => (retentions.includes(Number(value)) ? undefined : `must be one of ${retentions.join(", ")}`),
  recoveryDays: whole(1, 35),
  deletionProtection: (value) => (typeof value === "boolean" ? undefined : "must be true or false"),
  throttle: record({ rate: whole(1, 10_000), burst: whole(1, 5_000) }),
};
const optional: Readonly<Record<string, Rule>> = {
  jwt: record({ issuer: text(/^https:\/\/\S{1,256}$/, "an https address"), audience: text(/^\S{1,256}$/, "1 to 256 characters without a space") }),
  organization: text(/^o-[a-z\d]{10,32}$/, "an id of AWS Organizations, e.g. o-a1b2c3d4e5"),
  codeSigning: text(/^arn:aws[\w-]*:lambda:[\w-]+:\d{12}:code-signing-config:csc-[a-z\d]+$/, "the ARN of a code signing configuration"),
};

/** The environment that `value` (parsed JSON) describes. Throws `DEPLOYMENT_INVALID` with every problem: a missing, unknown or wrong field. */
export function parseEnvironment(value: unknown): Environment {
  const problems = problemsOf(required, Object.keys(optional), value, "");
  if (isRecord(value)) {
    for (const [field, rule] of Object.entries(optional)) {
      const message = value[field] === undefined ? undefined : rule(value[field]);
      if (message !== undefined) problems.push({ path: field, message });
    }
    const { account, region, alarmTopic } = value;
    if (problems.length === 0 && !String(alarmTopic).includes(`:sns:${String(region)}:${String(account)}:`))
      problems.push({ path: "alarmTopic", message: "must be in the environment's own account and region" });
  }
  if (problems.length > 0) throw new PulseQueueError("DEPLOYMENT_INVALID", "The environment's values cannot be used", { issues: problems });
  return value as Environment;
}

function problemsOf(fields: Readonly<Record<string, Rule>>, others: readonly string[], value: unknown, at: string): Issue[] {
  if (!isRecord(value)) return [{ path: at, message: "must be an object" }];
  const problems: Issue[] = [];
  for (const [field, rule] of Object.entries(fields)) {
    const message = value[field] === undefined ? "is missing" : rule(value[field]);
    if (message !== undefined) problems.push({ path: field, message });
  }
  for (const field of Object.keys(value)) if (!(field in fields) && !others.includes(field)) problems.push({ path: field, message: "is not known" });
  return problems;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
