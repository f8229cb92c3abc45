/**
 * The permissions boundary of every role of a deployment: what no policy of a role can go beyond, not even one that grants
 * everything. It is wider than any role needs, since it is one document for all of them, but it holds nothing that changes the
 * infrastructure, nothing of another deployment, and no open line.
 */
import { schedulerRole, type GrantContext } from "./grants.ts";
import { allow, policy, type Policy } from "./policy.ts";

/**
 * Resources are named by the deployment's prefix: one by one they would not fit into a policy's 6,144 characters (IAM quotas, read
 * 2026-11). An app whose name begins like this deployment's prefix is within it; the roles' own policies keep the two apart.
 */
export function boundaryPolicy({ arns, deployment, environment }: GrantContext): Policy {
  const { prefix } = deployment;
  const ours = `${prefix}-*`;
  const parameters = Object.keys(environment.parameters ?? {}).length > 0 ? [arns.parameter(`${prefix}/*`)] : [];
  const services = ["dynamodb", "events", "secretsmanager", "sqs", ...parameters.map(() => "ssm")].map(
    (service) => `${service}.${environment.region}.amazonaws.com`,
  );
  return policy(
    allow("Items", ["BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"].map(dynamodb), [
      arns.table(ours),
      arns.index(ours, "*"),
    ]),
    allow("Streams", ["DescribeStream", "GetRecords", "GetShardIterator"].map(dynamodb), [arns.stream(ours)]),
    allow(
      "Queues",
      ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "SendMessage"].map((action) => `sqs:${action}`),
      [arns.queue(ours)],
    ),
    allow("Bus", ["events:PutEvents"], [arns.bus]),
    allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [arns.logStreams(ours)]),
    allow("Secrets", ["secretsmanager:GetSecretValue"], [arns.secret(`${prefix}/*`)]),
    allow("Parameters", ["ssm:GetParameter"], parameters),
    allow("Key", ["kms:Decrypt", "kms:GenerateDataKey"], [arns.keys], {
      "ForAnyValue:StringEquals": { "kms:ResourceAliases": arns.keyAlias },
      StringEquals: { "kms:ViaService": services },
    }),
    allow("Schedules", ["scheduler:CreateSchedule"], [arns.schedules("*")]),
    allow("Pass", ["iam:PassRole"], [arns.role(schedulerRole(deployment))], { StringEquals: { "iam:PassedToService": "scheduler.amazonaws.com" } }),
    allow("Ticker", ["lambda:InvokeFunction"], [`${arns.function(deployment.ticker)}:live`]),
    allow("Mappings", ["lambda:UpdateEventSourceMapping"], [arns.mapping("*")], {
      ArnLike: { "lambda:FunctionArn": arns.function(ours) },
    }),
    // Take no resource.
    allow("Lists", ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "dynamodb:ListStreams", "lambda:ListEventSourceMappings"], ["*"]),
    { Sid: "OnlyEncrypted", Effect: "Deny", Action: ["*"], Resource: ["*"], Condition: { Bool: { "aws:SecureTransport": "false" } } },
  );
}

function dynamodb(action: string): string {
  return `dynamodb:${action}`;
}
