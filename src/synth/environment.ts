/** The values in which one environment differs from another: what stands in `infra/stacks/<environment>/environment.json`. */
import { PulseQueueError, type Issue } from "../core/errors.ts";

export interface State {
  readonly bucket: string;
  /** Name of the state in the bucket: one for each environment. */
  readonly key: string;
  /** KMS key, by id, alias or ARN. */
  readonly kmsKey: string;
}

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
  /** Days that AWS Backup keeps a daily backup of every table; optionally, days after which nobody can loosen that, and a vault elsewhere that takes a copy. */
  readonly backup: { readonly days: number; readonly lockedAfterDays?: number; readonly copyTo?: string };
  /** For each declared secret that Secrets Manager keeps: who sets its value, and from where. The value itself is never here. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** The same for each that is a SecureString of Parameter Store instead. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Who issues the tokens of endpoints with `auth: "jwt"`, where their public keys (JWKS) are, and the claim that names the tenant: tokens without it are refused then. */
  readonly jwt?: { readonly issuer: string; readonly audience: string; readonly keys: string; readonly tenantClaim?: string };
  /** Own name of the API with its certificate; the generated address is closed then. */
  readonly domain?: { readonly name: string; readonly certificate: string };
  /** A network for the handlers that must reach something in a VPC, each with its reason. Calls to AWS need none. */
  readonly network?: {
    readonly cidr: string;
    readonly zones: readonly string[];
    readonly handlers: Readonly<Record<string, string>>;
    /** What functions may reach beside AWS, by a name of yours. */
    readonly destinations?: Readonly<Record<string, { readonly cidr: string; readonly port: number; readonly reason: string }>>;
  };
  /** Managed Prometheus and Grafana, reached only from these prefix lists and VPC endpoints. */
  readonly grafana?: { readonly prefixLists: readonly string[]; readonly endpoints: readonly string[] };
  /** Where Terraform's state is kept, if not in the bucket that `infra/account` makes. */
  readonly state?: State;
  /** AWS Organizations id: what is outside is refused by resource policies. */
  readonly organization?: string;
  /** ARN of a Lambda code signing configuration: unsigned bundles are refused. */
  readonly codeSigning?: string;
}

/** What CloudWatch Logs takes as retention, in days (its API reference, PutRetentionPolicy, read 2026-11). */
const retentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

type Rule = (value: unknown) => string | undefined;
type Rules = Readonly<Record<string, Rule>>;

const text =
  (pattern: RegExp, words: string): Rule =>
  (value) =>
    typeof value === "string" && pattern.test(value) ? undefined : `must be ${words}`;
const whole =
  (least: number, most: number): Rule =>
  (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most ? undefined : `must be a whole number from ${String(least)} to ${String(most)}`;
/** Problems as one text; none where there is none. */
const sentence = (problems: readonly Issue[]): string | undefined =>
  problems.length === 0 ? undefined : problems.map(({ path, message }) => `${path} ${message}`.trimStart()).join("; ");
const record =
  (fields: Rules, others: Rules = {}): Rule =>
  (value) =>
    sentence(problemsOf(fields, others, value));
const list =
  (item: Rule, least: number, words: string): Rule =>
  (value) =>
    Array.isArray(value) && value.length >= least && value.every((each) => item(each) === undefined) ? undefined : `must be a list of ${words}`;
const map =
  (item: Rule): Rule =>
  (value) =>
    isRecord(value)
      ? sentence(
          Object.entries(value).flatMap(([path, each]) => {
            const message = item(each);
            return message === undefined ? [] : [{ path, message }];
          }),
        )
      : "must be an object";

const required: Rules = {
  environment: text(/^[a-z][a-z\d]{0,15}$/, "1 to 16 lower-case letters and digits, beginning with a letter"),
  account: text(/^\d{12}$/, "an AWS account of 12 digits"),
  region: text(/^[a-z]{2}(?:-[a-z]+)+-\d$/, "an AWS region, e.g. eu-central-1"),
  owner: text(/^[\w .@+-]{1,128}$/, "the name of a team or an address, 1 to 128 characters"),
  alarmTopic: text(/^arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]+$/, "the ARN of an SNS topic"),
  logRetentionDays: (value) => (retentions.includes(Number(value)) ? undefined : `must be one of ${retentions.join(", ")}`),
  recoveryDays: whole(1, 35),
  deletionProtection: (value) => (typeof value === "boolean" ? undefined : "must be true or false"),
  throttle: record({ rate: whole(1, 10_000), burst: whole(1, 5_000) }),
  backup: record(
    { days: whole(7, 3_650) },
    { lockedAfterDays: whole(3, 36_500), copyTo: text(/^arn:aws[\w-]*:backup:[\w-]+:\d{12}:backup-vault:[\w-]{2,50}$/, "the ARN of a backup vault") },
  ),
};
const cidr = text(/^(?:\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, "a block of addresses, e.g. 10.20.0.0/20");
const words = text(/^\S.{2,255}$/, "a sentence of 3 to 256 characters");
const address = text(/^https:\/\/\S{1,256}$/, "an https address");
const word = text(/^\S{1,256}$/, "1 to 256 characters without a space");
const optional: Rules = {
  jwt: record({ issuer: address, audience: word, keys: address }, { tenantClaim: word }),
  secrets: map(words),
  parameters: map(words),
  domain: record({
    name: text(/^(?:[a-z\d-]+\.)+[a-z]{2,}$/, "a name, e.g. api.example.com"),
    certificate: text(/^arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/, "the ARN of a certificate"),
  }),
  network: record(
    { cidr, zones: list(text(/^[a-z]{2}(?:-[a-z]+)+-\d[a-z]$/, "a zone"), 2, "two zones at least"), handlers: map(words) },
    { destinations: map(record({ cidr, port: whole(1, 65_535), reason: words })) },
  ),
  grafana: record({
    prefixLists: list(text(/^pl-[\da-f]+$/, "a prefix list"), 0, "prefix lists"),
    endpoints: list(text(/^vpce-[\da-f]+$/, "an endpoint"), 0, "VPC endpoints"),
  }),
  state: record({
    bucket: text(/^[a-z\d][a-z\d.-]{1,61}[a-z\d]$/, "the name of a bucket"),
    key: text(/^[\w!.*'()-][\w!.*'()/-]{0,255}$/, "the name of the state in the bucket"),
    kmsKey: text(/^(?:arn:aws[\w-]*:kms:\S+|alias\/[\w/-]+|[\da-f-]{36})$/, "a KMS key: its id, alias or ARN"),
  }),
  organization: text(/^o-[a-z\d]{10,32}$/, "an id of AWS Organizations, e.g. o-a1b2c3d4e5"),
  codeSigning: text(/^arn:aws[\w-]*:lambda:[\w-]+:\d{12}:code-signing-config:csc-[a-z\d]+$/, "the ARN of a code signing configuration"),
};

/** The environment that `value` (parsed JSON) describes. Throws `DEPLOYMENT_INVALID` with every problem: a missing, unknown or wrong field. */
export function parseEnvironment(value: unknown): Environment {
  const problems = problemsOf(required, optional, value);
  if (problems.length === 0 && isRecord(value)) {
    const { account, region, alarmTopic } = value;
    if (!String(alarmTopic).includes(`:sns:${String(region)}:${String(account)}:`))
      problems.push({ path: "alarmTopic", message: "must be in the environment's own account and region" });
  }
  if (problems.length > 0) throw new PulseQueueError("DEPLOYMENT_INVALID", "The environment's values cannot be used", { issues: problems });
  return value as Environment;
}

function problemsOf(fields: Rules, others: Rules, value: unknown): Issue[] {
  if (!isRecord(value)) return [{ path: "", message: "must be an object" }];
  const problems: Issue[] = [];
  for (const [field, rule] of Object.entries(fields)) {
    const message = value[field] === undefined ? "is missing" : rule(value[field]);
    if (message !== undefined) problems.push({ path: field, message });
  }
  for (const field of Object.keys(value)) if (!(field in fields) && !(field in others)) problems.push({ path: field, message: "is not known" });
  for (const [field, rule] of Object.entries(others)) {
    const message = value[field] === undefined ? undefined : rule(value[field]);
    if (message !== undefined) problems.push({ path: field, message });
  }
  return problems;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
