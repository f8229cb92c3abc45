/** What can be wrong with a deployment: each resource that the declaration names is asked for, none is changed. */
import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { ListEventSourceMappingsCommand } from "@aws-sdk/client-lambda";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { deploymentOf, type Deployment } from "../../core/deployment.ts";
import { isPulseQueueError, type PulseQueueError } from "../../core/errors.ts";
import { awsError } from "../../engines/aws/errors.ts";
import { resourcesOf, type Resources } from "../../engines/aws/resources.ts";
import type { Check } from "../doctor.ts";
import { handlerChecks } from "../doctor.ts";
import type { OpenedDeployment } from "./with-deployment.ts";

interface Asking extends Pick<OpenedDeployment, "clients"> {
  readonly deployment: Deployment;
  readonly resources: Resources;
}

export async function deploymentChecks({ app, environment, clients, queue }: OpenedDeployment, endpoint: string | undefined): Promise<readonly Check[]> {
  const { environment: name, account, region } = environment;
  const deployment = deploymentOf(app.topology, name);
  const asking = { clients, deployment, resources: resourcesOf({ account, region, endpoint }) };
  // Where one queue is missing nobody can tell what waits; the check of queues says which.
  const handlers = await queue.inspect.handlers().catch((thrown: unknown) => awsError(thrown, "What waits cannot be told"));
  const paused = isPulseQueueError(handlers) ? [] : handlers.filter((handler) => handler.paused).map((handler) => handler.name);
  return [
    { name: "deployment", status: "ok", detail: `${deployment.prefix} in account ${account}, ${region}` },
    await tablesCheck(asking),
    ...(await queueChecks(asking)),
    await mappingsCheck(asking, paused),
    ...(isPulseQueueError(handlers) ? [checkOf("backlog", [handlers], "")] : handlerChecks(handlers, true)),
  ];
}

async function tablesCheck({ clients, deployment }: Asking): Promise<Check> {
  const names = [deployment.journal, deployment.deliveries, deployment.system, ...deployment.tables.values()];
  const problems = await found(names, async (TableName) => {
    const { Table } = await clients.dynamodb.send(new DescribeTableCommand({ TableName }));
    return Table?.TableStatus === "ACTIVE" ? undefined : `is ${Table?.TableStatus ?? "in no state"}`;
  });
  return checkOf("tables", problems, `${String(names.length)} there`);
}

async function queueChecks({ clients, deployment, resources }: Asking): Promise<readonly Check[]> {
  const waiting = async (name: string): Promise<number> => {
    const command = new GetQueueAttributesCommand({ QueueUrl: resources.queueUrl(name), AttributeNames: ["ApproximateNumberOfMessages"] });
    return Number((await clients.sqs.send(command)).Attributes?.ApproximateNumberOfMessages ?? 0);
  };
  const feeding = [deployment.delayQueue, ...[...deployment.handlers.values()].map(({ queue }) => queue)];
  const unseen = [deployment.relayFailures, ...[...deployment.handlers.values()].map(({ deadLetterQueue }) => deadLetterQueue)];
  const absent = await found(feeding, async (name) => {
    await waiting(name);
    return undefined;
  });
  const left = await found(unseen, async (name) => {
    const count = await waiting(name);
    return count === 0 ? undefined : `holds ${String(count)}`;
  });
  return [
    checkOf("queues", absent, `${String(feeding.length)} there`),
    checkOf("unseen messages", left, "none", "These messages never reached the engine: see the runbook on unseen messages."),
  ];
}

/** A handler that nothing feeds is declared here and not deployed there; one that is switched off and not paused never goes on by itself. */
async function mappingsCheck({ clients, deployment }: Asking, paused: readonly string[]): Promise<Check> {
  const names = [...deployment.handlers.keys()];
  const problems = await found(names, async (name) => {
    const command = new ListEventSourceMappingsCommand({ FunctionName: deployment.handlers.get(name)?.function ?? name });
    const { EventSourceMappings: mappings = [] } = await clients.lambda.send(command);
    if (mappings.length === 0) return "is declared here and not deployed";
    return !paused.includes(name) && mappings.every(({ State }) => State === "Disabled") ? "is switched off, and no operator paused it" : undefined;
  });
  return checkOf("handlers", problems, `${String(names.length)} deployed`, "Deploy the version that is declared here, or resume what is switched off.");
}

/** What is wrong with each of `names`, by name. */
async function found(names: readonly string[], ask: (name: string) => Promise<string | undefined>): Promise<readonly (string | PulseQueueError)[]> {
  const answers = await Promise.all(
    names.map(async (name) => {
      try {
        const problem = await ask(name);
        return problem === undefined ? [] : [`${name} ${problem}`];
      } catch (thrown) {
        return [awsError(thrown, name)];
      }
    }),
  );
  return answers.flat();
}

function checkOf(name: string, problems: readonly (string | PulseQueueError)[], ok: string, fix?: string): Check {
  if (problems.length === 0) return { name, status: "ok", detail: ok };
  const [error] = problems.filter((problem) => typeof problem !== "string");
  const detail = problems.map((problem) => (typeof problem === "string" ? problem : `${problem.code}: ${problem.message}`)).join("; ");
  const way = error?.fix ?? fix;
  return { name, status: "problem", detail, ...(way === undefined ? {} : { fix: way }) };
}
