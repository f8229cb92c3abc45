/**
 * Policies on the resources themselves: who may use them at all, whatever a role says. Every service principal is bound to the
 * exact resource that may act through it (`aws:SourceArn`) and to this account, so that nobody else's rule or schedule can.
 */
import type { Deployment } from "../core/deployment.ts";
import type { GrantContext } from "./grants.ts";
import { partitionOf } from "./arns.ts";
import { policy, type Policy, type Statement } from "./policy.ts";

/** Names of the EventBridge rules: one for each handler that the bus feeds, and one for what no rule matches. */
export function ruleName(deployment: Deployment, handler: string): string {
  return deployment.handlers.get(handler)?.function ?? `${deployment.prefix}-${handler}`;
}

/** Policy of the queue that feeds a handler. Ordered ones are fed by the relay, others by their rule and, for what is sent again, by the relay. */
export function queuePolicy(context: GrantContext, handler: string): Policy {
  const { arns, deployment } = context;
  const names = deployment.handlers.get(handler);
  if (names === undefined) return policy();
  const queue = arns.queue(names.queue);
  return policy(
    fromRole(context, "FromRelay", ["sqs:SendMessage"], queue, deployment.relay),
    fromRole(context, "SeenByOperators", ["sqs:GetQueueAttributes"], queue, deployment.api),
    names.ordered ? undefined : fromService(context, "FromRule", "events.amazonaws.com", queue, arns.rule(ruleName(deployment, handler))),
    ...onlyHere(context, "sqs:*", queue),
  );
}

/** Policy of a handler's dead-letter queue: SQS fills it, and the handler's rule with what it could not deliver. */
export function deadLetterPolicy(context: GrantContext, handler: string): Policy {
  const { arns, deployment } = context;
  const names = deployment.handlers.get(handler);
  if (names === undefined) return policy();
  const queue = arns.queue(names.deadLetterQueue);
  return policy(
    names.ordered ? undefined : fromService(context, "FromRule", "events.amazonaws.com", queue, arns.rule(ruleName(deployment, handler))),
    ...onlyHere(context, "sqs:*", queue),
  );
}

/** Policy of a queue that only this account's own roles use. */
export function ownQueuePolicy(context: GrantContext, name: string): Policy {
  return policy(...onlyHere(context, "sqs:*", context.arns.queue(name)));
}

/** Policy of the bus: only the relay puts events on it, each under the name of an event that this app declares. */
export function busPolicy(context: GrantContext): Policy {
  const { arns, deployment } = context;
  const putters: Statement = {
    Sid: "OnlyTheRelay",
    Effect: "Deny",
    Principal: "*",
    Action: ["events:PutEvents"],
    Resource: [arns.bus],
    Condition: { ArnNotEquals: { "aws:PrincipalArn": arns.role(deployment.relay) } },
  };
  return policy(putters, ...onlyHere(context, "events:PutEvents", arns.bus));
}

/** Policy of a DynamoDB table and its indexes: nobody from another account, and nothing over an open line. */
export function tablePolicy(context: GrantContext, name: string): Policy {
  const { arns } = context;
  return policy(...onlyHere(context, "dynamodb:*", arns.table(name), arns.index(name, "*")));
}

/** Policy of the key that encrypts the deployment's data: the account may administer it, and the services use it for this account only. */
export function keyPolicy(context: GrantContext): Policy {
  const { arns, environment } = context;
  const { account, region } = environment;
  const root = `arn:${partitionOf(region)}:iam::${account}:root`;
  return policy(
    { Sid: "Administer", Effect: "Allow", Principal: { AWS: root }, Action: ["kms:*"], Resource: ["*"] },
    {
      Sid: "EncryptLogs",
      Effect: "Allow",
      Principal: { Service: `logs.${region}.amazonaws.com` },
      Action: ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
      Resource: ["*"],
      Condition: { ArnLike: { "kms:EncryptionContext:aws:logs:arn": `arn:${partitionOf(region)}:logs:${region}:${account}:log-group:*` } },
    },
    {
      Sid: "DeliverEvents",
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: ["*"],
      Condition: {
        ArnLike: { "aws:SourceArn": `arn:${partitionOf(region)}:events:${region}:${account}:rule/${context.deployment.bus}/*` },
        StringEquals: { "aws:SourceAccount": account },
      },
    },
    {
      Sid: "KeepEvents",
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Action: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
      Resource: ["*"],
      Condition: { ArnEquals: { "aws:SourceArn": arns.bus }, StringEquals: { "aws:SourceAccount": account } },
    },
  );
}

/** Trust policy of a role that one service takes on for one resource. */
export function trustPolicy(context: GrantContext, service: "lambda" | "scheduler", sourceArn: string): Policy {
  return policy({
    Sid: "TakeOn",
    Effect: "Allow",
    Principal: { Service: `${service}.amazonaws.com` },
    Action: ["sts:AssumeRole"],
    Condition: { ArnLike: { "aws:SourceArn": sourceArn }, StringEquals: { "aws:SourceAccount": context.environment.account } },
  });
}

function fromService(context: GrantContext, sid: string, service: string, resource: string, source: string): Statement {
  return {
    Sid: sid,
    Effect: "Allow",
    Principal: { Service: service },
    Action: ["sqs:SendMessage"],
    Resource: [resource],
    Condition: { ArnEquals: { "aws:SourceArn": source }, StringEquals: { "aws:SourceAccount": context.environment.account } },
  };
}

function fromRole({ arns }: GrantContext, sid: string, actions: readonly string[], resource: string, role: string): Statement {
  return { Sid: sid, Effect: "Allow", Principal: { AWS: arns.role(role) }, Action: actions, Resource: [resource] };
}

/** Refuses an open line and other accounts; AWS's own services act for us and have no account. */
function onlyHere({ environment }: GrantContext, action: string, ...resources: readonly string[]): readonly Statement[] {
  const deny = (sid: string, condition: NonNullable<Statement["Condition"]>): Statement => ({
    Sid: sid,
    Effect: "Deny",
    Principal: "*",
    Action: [action],
    Resource: resources,
    Condition: condition,
  });
  return [
    deny("OnlyEncrypted", { Bool: { "aws:SecureTransport": "false" } }),
    deny("OnlyThisAccount", { Bool: { "aws:PrincipalIsAWSService": "false" }, StringNotEquals: { "aws:PrincipalAccount": environment.account } }),
  ];
}
