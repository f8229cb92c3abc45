/** Who may do what: roles, the policies of resources, the pipeline. */
import { at, isUnknown, wordsOf, type Fields, type Infra } from "../resource.ts";
import { each, ofType, together, type Answer, type Finding, type InfraCheck } from "./check.ts";
import { conditionOn, documentsOf, isAllow, sid, textsOf, type Document } from "./documents.ts";

/** Asks of each statement of each document of a kind. */
function statements(infra: Infra, kind: Parameters<typeof documentsOf>[1], problem: (statement: Fields, document: Document) => string | undefined): Answer {
  const { documents, undecided } = documentsOf(infra, kind);
  const findings = documents.flatMap((document) =>
    document.statements.flatMap((statement): readonly Finding[] => {
      const found = problem(statement, document);
      return found === undefined ? [] : [{ address: document.resource.address, problem: `${sid(statement)}: ${found}` }];
    }),
  );
  return { examined: documents.length, undecided, findings };
}

/** Actions for which AWS knows no resource. */
const withoutResource = new Set([
  "cloudwatch:GetMetricData",
  "cloudwatch:ListMetrics",
  "dynamodb:ListStreams",
  "lambda:ListEventSourceMappings",
  "aps:GetLabels",
  "aps:GetMetricMetadata",
  "aps:GetSeries",
  "aps:QueryMetrics",
]);
/** Statements of the pipeline and of Lambda's own network access that need `*`, each bound by a condition or by reading descriptions only. */
const open: Readonly<Record<string, string>> = {
  Describe: "the pipeline reads descriptions, never data: most of these actions take no resource",
  Make: "the pipeline makes what its prefix names; the kinds of things are in the resources",
  MakeById: "AWS names these by an id of its choice: they are bound to the region",
  JoinNetwork: "what Lambda needs to put a function into a subnet takes no resource; the function's own code is denied the same",
};

const noWildcard: InfraCheck = {
  id: "no-wildcard",
  title: "no role may do everything, or anything to everything",
  of: "both",
  answer(infra) {
    const roles = statements(infra, "identity", (statement) => {
      if (!isAllow(statement)) return undefined;
      if (statement["NotAction"] !== undefined || statement["NotResource"] !== undefined) return "allows all but something";
      if (sid(statement) in open) return undefined;
      const actions = textsOf(statement["Action"]);
      const wide = actions.find((action) => /(?:^|:)\*$/.test(action));
      if (wide !== undefined) return `allows ${wide}`;
      return textsOf(statement["Resource"]).includes("*") && !actions.every((action) => withoutResource.has(action)) ? "is about every resource" : undefined;
    });
    const managed = each(ofType(infra, "aws_iam_role_policy_attachment"), (values) =>
      wordsOf(values["policy_arn"]).endsWith("/AWS_ConfigRole") ? undefined : "attaches a policy that somebody else writes",
    );
    return together(roles, managed);
  },
};

const noStranger: InfraCheck = {
  id: "no-stranger",
  title: "no resource is open to whoever asks",
  of: "both",
  answer: (infra) =>
    statements(infra, "resource", (statement) => {
      const principal = statement["Principal"];
      const anybody = principal === "*" || textsOf(at(principal, "AWS")).includes("*");
      if (!isAllow(statement) || !anybody) return undefined;
      return conditionOn(statement, "aws:PrincipalAccount").length > 0 ? undefined : "lets anybody in";
    }),
};

/** Sources that AWS's services do not all tell: each statement is bound in another way. */
const otherwiseBound: Readonly<Record<string, string>> = {
  EncryptLogs: "CloudWatch Logs tells no source: bound to the log groups of the account by the encryption context",
};

const confusedDeputy: InfraCheck = {
  id: "confused-deputy",
  title: "a service acts only for our own resource, in our own account",
  of: "both",
  answer(infra) {
    const bound = (statement: Fields): string | undefined => {
      const services = textsOf(at(statement["Principal"], "Service"));
      if (!isAllow(statement) || services.length === 0) return undefined;
      if (sid(statement) in otherwiseBound) return conditionOn(statement, "kms:EncryptionContext:aws:logs:arn").length > 0 ? undefined : "is bound to nothing";
      if (conditionOn(statement, "aws:SourceAccount").length === 0) return "does not say aws:SourceAccount";
      // AWS Backup tells no resource.
      if (services.every((service) => service === "backup.amazonaws.com")) return undefined;
      return conditionOn(statement, "aws:SourceArn").length === 0 ? "does not say aws:SourceArn" : undefined;
    };
    const permissions = each(ofType(infra, "aws_lambda_permission"), (values) =>
      values["source_arn"] === undefined || values["source_arn"] === null || !/^\d{12}$/.test(wordsOf(values["source_account"]))
        ? "does not say for which API of which account"
        : undefined,
    );
    return together(statements(infra, "resource", bound), statements(infra, "trust", bound), permissions);
  },
};

/** Resources whose policy must refuse an open line. */
const lines = [
  "aws_sqs_queue_policy",
  "aws_dynamodb_resource_policy",
  "aws_secretsmanager_secret_policy",
  "aws_s3_bucket_policy",
  "aws_sns_topic_policy",
  "aws_cloudwatch_event_bus_policy",
];

const transport: InfraCheck = {
  id: "transport",
  title: "nothing is reached over an open line, and TLS is 1.2 or newer",
  of: "both",
  answer(infra) {
    const { documents } = documentsOf(infra, "resource");
    const policies = each(ofType(infra, ...lines), (_, { address }) => {
      const document = documents.find(({ resource }) => resource.address === address);
      if (document === undefined) return "unknown";
      return document.statements.some((statement) => statement["Effect"] === "Deny" && conditionOn(statement, "aws:SecureTransport").includes("false"))
        ? undefined
        : "does not refuse an open line";
    });
    const domains = each(ofType(infra, "aws_apigatewayv2_domain_name"), (values) =>
      at(values, "domain_name_configuration", 0, "security_policy") === "TLS_1_2" ? undefined : "takes TLS below 1.2",
    );
    const named = domains.examined > 0;
    const apis = each(ofType(infra, "aws_apigatewayv2_api"), (values) =>
      !named || values["disable_execute_api_endpoint"] === true ? undefined : "answers at its generated address beside its own name",
    );
    return together(policies, domains, apis);
  },
};

/** Roles that an administrator makes, not the pipeline. */
const administered = /\.aws_iam_role\.(?:plan|apply|config)(?:\[|$)/;

const boundaries: InfraCheck = {
  id: "boundaries",
  title: "every role that the pipeline makes has its boundary",
  of: "both",
  answer: (infra) =>
    each(ofType(infra, "aws_iam_role"), (values, { address }) => {
      if (administered.test(address)) return undefined;
      return /:policy\/.+-pq-(?:services-)?boundary$/.test(wordsOf(values["permissions_boundary"])) ? undefined : "has no boundary";
    }),
};

const pipelineTrust: InfraCheck = {
  id: "pipeline-trust",
  title: "only one workflow of one repository on one branch may plan, and apply only in its environment",
  of: "account",
  answer(infra) {
    const token = "token.actions.githubusercontent.com";
    const keys = ["aud", "sub", "repository_id", "job_workflow_ref", "environment"].map((key) => `${token}:${key}`);
    const { documents, undecided } = documentsOf(infra, "trust");
    const federated = documents.filter(({ statements: found }) => found.some((statement) => at(statement, "Principal", "Federated") !== undefined));
    const subjects = federated.flatMap(({ statements: found }) => found.flatMap((statement) => conditionOn(statement, `${token}:sub`)));
    const findings = federated.flatMap(({ resource: { address }, statements: found }): readonly Finding[] =>
      found.flatMap((statement) => {
        const exact = (at(statement, "Condition", "StringEquals") ?? {}) as Fields;
        const loose = keys.filter((key) => typeof exact[key] !== "string" || wordsOf(exact[key]).includes("*"));
        const environment = exact[`${token}:environment`];
        if (loose.length > 0) return [{ address, problem: `does not say exactly: ${loose.join(", ")}` }];
        return wordsOf(exact[`${token}:sub`]).endsWith(`:environment:${wordsOf(environment)}`) ? [] : [{ address, problem: "subject and environment differ" }];
      }),
    );
    const shared = new Set(subjects).size < subjects.length ? [{ address: infra.name, problem: "who plans could apply as well" }] : [];
    return { examined: federated.length, undecided, findings: [...findings, ...shared] };
  },
};

const noLogGroups: InfraCheck = {
  id: "no-log-group-by-role",
  title: "no role makes a log group: it would have no retention and no key",
  of: "stack",
  answer: (infra) =>
    statements(infra, "identity", (statement) =>
      isAllow(statement) && textsOf(statement["Action"]).includes("logs:CreateLogGroup") ? "makes log groups" : undefined,
    ),
};

const callers: InfraCheck = {
  id: "callers",
  title: "whoever needs a token is asked for it by the API, before any function runs",
  of: "stack",
  answer: (infra) =>
    each(ofType(infra, "aws_apigatewayv2_route"), (values) => {
      const type = values["authorization_type"];
      if (type === "JWT") return values["authorizer_id"] === undefined || values["authorizer_id"] === null ? "has no authorizer" : undefined;
      return type === "NONE" || type === "AWS_IAM" ? undefined : isUnknown(type) ? "unknown" : "does not say who authenticates its callers";
    }),
};

export const accessChecks: readonly InfraCheck[] = [noWildcard, noStranger, confusedDeputy, transport, boundaries, pipelineTrust, noLogGroups, callers];
