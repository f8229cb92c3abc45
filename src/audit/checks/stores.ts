/** What is stored and how it comes back: the lines on the protection of data. */
import { each, ran, type Check } from "../check.ts";
import { at, eachPlanned, infraPart, planned, seen, withoutNetwork } from "../plan.ts";
import { asRole, arnOf, onPolicies, policyFile } from "../permissions/questions.ts";

const encryption: Check = {
  id: "D1",
  title: "every store has a key of ours that rotates, and the embedded engine stores no personal data in the open",
  owasp: ["A04"],
  run: (project) => [infraPart(project, "encryption"), infraPart(project, "key-rotation"), ran(project, "encryption")],
};

const recovery: Check = {
  id: "D2",
  title: "tables go back to any second, refuse to be deleted in production, and are backed up; a loss is restored here and now",
  run: (project) => [
    infraPart(project, "point-in-time-recovery"),
    infraPart(project, "deletion-protection"),
    infraPart(project, "backups"),
    ran(project, "restore"),
  ],
};

const transport: Check = {
  id: "D3",
  title: "nothing answers over an open line: the API's own domain, queues, tables and bus; the embedded server beyond loopback",
  run: (project) => [
    infraPart(project, "transport"),
    ...onPolicies(project, (stack, data) => [
      each(
        "IAM",
        "a request without TLS is denied by every queue, table and bus, to whoever may use it",
        [...stack.policies.keys()].filter((name) => /^(?:queue|table)\.|^bus$/.test(name)),
        (name) => {
          const [kind = "", thing = ""] = name.split(/\.(.*)/s);
          const questions = {
            queue: { action: "sqs:SendMessage", resource: arnOf(stack, "sqs", thing) },
            table: { action: "dynamodb:GetItem", resource: arnOf(stack, "dynamodb", `table/${thing}`) },
            bus: { action: "events:PutEvents", resource: arnOf(stack, "events", `event-bus/${stack.deployment.bus}`) },
          } as const;
          const question = { ...questions[kind as keyof typeof questions], context: { "aws:SecureTransport": "false" } };
          return asRole(stack, stack.deployment.relay, question) === "explicit-deny" ? undefined : "it takes requests without TLS";
        },
        (name) => ({ file: policyFile(data, name), value: "aws:SecureTransport false is denied" }),
      ),
    ]),
    ran(project, "listening"),
  ],
};

const places: Check = {
  id: "D4",
  title: "a function is in a VPC only where it says why; then in two zones at least, and without a way to the internet",
  run: (project) => [
    each(
      "PLAN",
      "each function has a VPC exactly where its environment declares one for it",
      planned(project, "aws_lambda_function"),
      ({ values, stack }) => {
        const wanted = Object.keys(at(stack.environment, "network", "handlers") ?? {}).map((name) => stack.deployment.handlers.get(name)?.function);
        const isWanted = wanted.includes(String(at(values, "function_name")));
        const subnets = at(values, "vpc_config", 0, "subnet_ids");
        if (!isWanted) return subnets === undefined ? undefined : "it is in a VPC that nobody asked for";
        return Array.isArray(subnets) && subnets.length >= 2 ? undefined : "it is in fewer than two zones";
      },
      (resource) => seen(resource, "vpc_config"),
    ),
    eachPlanned(
      project,
      "subnets give no public address",
      ["aws_subnet"],
      ({ values }) => (at(values, "map_public_ip_on_launch") === true ? "it does" : undefined),
      ["map_public_ip_on_launch"],
      withoutNetwork(project),
    ),
  ],
};

export const storeChecks: readonly Check[] = [encryption, recovery, transport, places];
