/** Faults in what roles may do. */
import { onStacks, withPolicy, type Mutant } from "./mutant.ts";

const keepStock = /^role\..*-keep-stock$/;
const relay = /^role\..*-pq-relay$/;

export const policyMutants: readonly Mutant[] = [
  withPolicy("I1", "a role with everything", keepStock, (statements) => [...statements, { Sid: "All", Effect: "Allow", Action: ["*"], Resource: ["*"] }]),
  withPolicy("I1", "a role that may also delete rows of a table that it does not write", keepStock, (statements, { environment, deployment }) => [
    ...statements,
    {
      Sid: "More",
      Effect: "Allow",
      Action: ["dynamodb:DeleteItem"],
      Resource: [`arn:aws:dynamodb:${environment.region}:${environment.account}:table/${deployment.prefix}-products`],
    },
  ]),
  withPolicy("I1", "a role without its deliveries", keepStock, (statements) => statements.filter(({ Sid }) => Sid !== "OwnDeliveries")),
  withPolicy("I1", "a role that every function may take on", /^trust\..*-keep-stock$/, (statements) =>
    statements.map(({ Condition: _bound, ...rest }) => rest),
  ),
  onStacks("I1", "a function without a role", (stack) => ({
    ...stack,
    found: new Map([...stack.found].filter(([path]) => !/policies\/(?:role|trust)\..*-keep-stock\.json$/.test(path))),
  })),
  onStacks("I1", "a file that was edited by hand", (stack) => ({
    ...stack,
    found: new Map(
      [...stack.found].map(([path, text]) => [path, !path.endsWith(".auto.tfvars.json") ? text : text.replace('"batch_size": 10', '"batch_size": 11')]),
    ),
  })),
  withPolicy("I2", "every bus", relay, (statements) => statements.map((each) => (each.Sid === "PutEvents" ? { ...each, Resource: ["*"] } : each))),
  withPolicy("I2", "a type that nobody declared", relay, (statements) =>
    statements.map((each) => (each.Sid === "PutEvents" ? { ...each, Condition: {} } : each)),
  ),
  withPolicy("I2", "a bus that everybody of the account may use", /^bus$/, (statements) => statements.filter(({ Sid }) => Sid !== "OnlyTheRelay")),
  withPolicy("I3", "every log group", keepStock, (statements) =>
    statements.map((each) => (each.Sid === "WriteLogs" ? { ...each, Resource: ["arn:aws:logs:*:*:log-group:*"] } : each)),
  ),
  withPolicy("I3", "a log group of its own making", keepStock, (statements, { environment }) => [
    ...statements,
    { Sid: "Make", Effect: "Allow", Action: ["logs:CreateLogGroup"], Resource: [`arn:aws:logs:${environment.region}:${environment.account}:log-group:*`] },
  ]),
  withPolicy("I4", "another handler's deliveries", keepStock, (statements) => statements.map(({ Condition: _keys, ...rest }) => rest)),
  withPolicy("I4", "a table that every account may use", /^table\..*-orders$/, (statements) => statements.filter(({ Sid }) => Sid !== "OnlyThisAccount")),
  withPolicy("I5", "metrics in every namespace", keepStock, (statements) => [
    ...statements,
    { Sid: "Metrics", Effect: "Allow", Action: ["cloudwatch:PutMetricData"], Resource: ["*"] },
  ]),
  withPolicy("I5", "a handler that reads metrics", keepStock, (statements) => [
    ...statements,
    { Sid: "ReadMetrics", Effect: "Allow", Action: ["cloudwatch:GetMetricData"], Resource: ["*"] },
  ]),
  withPolicy("D3", "a queue over an open line", /^queue\..*-keep-stock$/, (statements) => statements.filter(({ Sid }) => Sid !== "OnlyEncrypted")),
  withPolicy("S2", "another function's secret", keepStock, (statements, { environment, deployment }) => [
    ...statements,
    {
      Sid: "Unlock",
      Effect: "Allow",
      Action: ["secretsmanager:GetSecretValue"],
      Resource: [`arn:aws:secretsmanager:${environment.region}:${environment.account}:secret:${deployment.prefix}/*`],
    },
  ]),
  withPolicy("S3", "every parameter", keepStock, (statements) => [
    ...statements,
    { Sid: "Parameters", Effect: "Allow", Action: ["ssm:GetParameter"], Resource: ["*"] },
  ]),
  withPolicy("K2", "a boundary that bounds nothing", /^boundary$/, (statements) => [
    ...statements,
    { Sid: "All", Effect: "Allow", Action: ["*"], Resource: ["*"] },
  ]),
];
