/**
 * AWS's clients for the commands that operate a deployment, with credentials, endpoint and profile by the standard `AWS_*` variables. Their
 * packages are optional: only who operates a deployment installs them, and they are loaded only then.
 */
import type { AwsClients } from "../../engines/aws/queue/open.ts";
import { CommandError } from "../exit.ts";
import type { OpenTraffic } from "./live-traffic.ts";

/** Clients for one region. */
export type Connect = (region: string) => Promise<AwsClients>;

/** Throws `PACKAGE_MISSING`. */
export const connect: Connect = async (region) => {
  const [{ DynamoDBClient }, { SQSClient }, { LambdaClient }] = await Promise.all([
    installed(() => import("@aws-sdk/client-dynamodb")),
    installed(() => import("@aws-sdk/client-sqs")),
    installed(() => import("@aws-sdk/client-lambda")),
  ]);
  // The engine retries DynamoDB by itself: it knows what is safe to repeat.
  return { dynamodb: new DynamoDBClient({ region, maxAttempts: 1 }), sqs: new SQSClient({ region }), lambda: new LambdaClient({ region }) };
};

/** Throws `PACKAGE_MISSING`. */
export const traffic: OpenTraffic = async (environment) => {
  const { openTraffic } = await installed(() => import("./live-traffic.ts"));
  return await openTraffic(environment);
};

/** What `load` imports. Throws `PACKAGE_MISSING` where a package is not there; other errors pass. */
export async function installed<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "ERR_MODULE_NOT_FOUND")) throw thrown;
    const [, name = "a package of AWS's SDK"] = /Cannot find package '(@aws-sdk\/[\w-]+)'/.exec(thrown.message) ?? [];
    throw new CommandError(
      "PACKAGE_MISSING",
      `${name} is not installed`,
      "Install what operating a deployment needs: npm install @aws-sdk/client-dynamodb @aws-sdk/client-sqs @aws-sdk/client-lambda @aws-sdk/client-cloudwatch",
    );
  }
}
