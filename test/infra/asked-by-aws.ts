/** What no code of the engine asks for: AWS itself does, in a role's name or in its own. Each grant with its reason. */
import type { Grant } from "./least-privilege.ts";

const functions = ["handler", "endpoint", "api", "relay", "ticker"];

/** For each of `owners` each of `actions`. */
function grants(owners: readonly string[], statement: string, actions: readonly string[]): readonly Grant[] {
  return owners.flatMap((owner) => actions.map((action) => `${owner} ${statement} ${action}`));
}

const reasons: readonly (readonly [why: string, grants: readonly Grant[]])[] = [
  ["Lambda writes a function's log in the name of its role", grants(functions, "WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"])],
  [
    "DynamoDB, SQS, EventBridge and Secrets Manager use the key in the name of who asks them (kms:ViaService)",
    grants([...functions, "scheduler"], "UseKey", ["kms:Decrypt", "kms:GenerateDataKey"]),
  ],
  [
    "Parameter Store uses the key in the name of who asks it, for the parameter that is asked for",
    grants(["handler", "endpoint"], "DecryptParameters", ["kms:Decrypt"]),
  ],
  ["Lambda looks at a queue that it polls", [...grants(["handler"], "TakeDeliveries", ["sqs:GetQueueAttributes"]), "relay TakeDelayed sqs:GetQueueAttributes"]],
  ["Lambda looks for the streams that it polls", ["relay FindStreams dynamodb:ListStreams"]],
  ["EventBridge Scheduler starts the ticker once a minute", ["scheduler StartTicker lambda:InvokeFunction"]],
  ["EventBridge Scheduler keeps what it could not start", ["scheduler KeepFailures sqs:SendMessage"]],
  ["EventBridge keeps what it could not give to a handler's queue", ["dead-letter-queue FromRule sqs:SendMessage"]],
  ["Lambda and EventBridge Scheduler take the roles on", ["trust TakeOn sts:AssumeRole"]],
  ["People of the account administer the key, under policies of their own", ["key Administer kms:*"]],
  [
    "CloudWatch Logs encrypts the logs",
    grants(["key"], "EncryptLogs", [
      "kms:Decrypt",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ]),
  ],
  ["EventBridge sends to queues that are encrypted", grants(["key"], "DeliverEvents", ["kms:Decrypt", "kms:GenerateDataKey"])],
  ["EventBridge keeps the bus and its archive encrypted", grants(["key"], "KeepEvents", ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"])],
];

export const askedByAws: ReadonlyMap<Grant, string> = new Map(reasons.flatMap(([why, list]) => list.map((grant) => [grant, why] as const)));
