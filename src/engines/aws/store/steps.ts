/** Results of steps, kept beside the record of their delivery. */
import { toItem, needText } from "../items/attributes.ts";
import { deliveryKey, deliveryPartition, stepItem, stepPrefix } from "../items/deliveries.ts";
import { queryPages } from "./read.ts";
import { check, hasVersion, put, transact } from "./transaction.ts";
import type { AwsDelivery, StoreContext } from "./types.ts";

export async function readSteps(context: StoreContext, { handler, journalKey, run }: AwsDelivery): Promise<ReadonlyMap<string, string>> {
  const prefix = stepPrefix(run);
  const steps = new Map<string, string>();
  const pages = queryPages(context, {
    TableName: context.deployment.deliveries,
    ConsistentRead: true,
    KeyConditionExpression: "p = :p AND begins_with(s, :s)",
    ExpressionAttributeValues: { ":p": { S: deliveryPartition(handler, journalKey) }, ":s": { S: prefix } },
  });
  for await (const page of pages) for (const item of page) steps.set(needText(item, "s").slice(prefix.length), needText(item, "b"));
  return steps;
}

/** `false` where the delivery is no longer ours, or another runs it too and was first. */
export async function writeStep(context: StoreContext, delivery: AwsDelivery, name: string, result: string): Promise<boolean> {
  const { deliveries } = context.deployment;
  const key = deliveryKey(delivery.handler, delivery.journalKey, delivery.run);
  const failed = await transact(context, "DynamoDB refused to keep a step", [
    check(deliveries, toItem({ ...key }), hasVersion(delivery.record?.version)),
    put(deliveries, stepItem(key.p, delivery.run, name, result), hasVersion(undefined)),
  ]);
  return failed.size === 0;
}
