/**
 * Requests with an idempotency key: one item each, which says under which claim the request runs (`cl`), and later what it was
 * answered (`ft`, `b`). Its time to live ends both: a claim after half a minute, so that a process that died does not keep the key,
 * an answer after a day.
 */
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { Claim, ClaimedAnswer } from "../../../core/ports.ts";
import { needText, textOf, toItem, type Item } from "../items/attributes.ts";
import { answerKey } from "../items/deliveries.ts";
import { put, putAlone, type Action } from "./transaction.ts";
import type { StoreContext } from "./types.ts";

/** Answers are kept for a day, as on the embedded engine, milliseconds. */
export const answerRetention = 24 * 60 * 60_000;
/** Seconds that a claim holds without an answer: as long as the function of an endpoint runs. A later finisher is refused its commit. */
const claimSeconds = 30;

/** One conditional write, whatever comes of it. TTL removes late: a claim or an answer whose time is over is none. */
export async function claimRequest(context: StoreContext, request: string, held?: string): Promise<Claim> {
  const { deployment, system } = context;
  const claim = held ?? system.newId();
  const now = Math.floor(system.clock.now() / 1_000);
  const failed = await putAlone(context, "DynamoDB refused to take a request on", {
    TableName: deployment.deliveries,
    Item: claimItem(context, request, claim, now + claimSeconds),
    // Its own claim again: renewed after a conflict, or written though the answer to the write was lost.
    ConditionExpression: "attribute_not_exists(p) OR #ttl <= :now OR cl = :claim",
    ExpressionAttributeNames: { "#ttl": "ttl" },
    ExpressionAttributeValues: toItem({ ":now": now, ":claim": claim }),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });
  if (failed.size === 0) return { state: "ours", claim };
  const there = failed.get(0) ?? {};
  const answer = textOf(there, "b");
  return answer === undefined ? { state: "running" } : { state: "answered", answer: { request, fingerprint: needText(there, "ft"), answer } };
}

/** Ends a claim now, if it is still that. Asked once: where it is refused, the claim ends by itself. */
export async function releaseRequest(context: StoreContext, request: string, claim: string): Promise<void> {
  const { dynamodb, deployment, system } = context;
  const command = new PutItemCommand({
    TableName: deployment.deliveries,
    Item: claimItem(context, request, undefined, Math.floor(system.clock.now() / 1_000)),
    ConditionExpression: "cl = :claim",
    ExpressionAttributeValues: toItem({ ":claim": claim }),
  });
  await dynamodb.send(command).catch(() => undefined);
}

/** Commits hold only if the request is still the claim's, or its item is gone by its time and so nobody else's. */
export function answerAction({ deployment, system }: StoreContext, { request, fingerprint, answer, claim }: ClaimedAnswer): Action {
  const ttl = Math.ceil((system.clock.now() + answerRetention) / 1_000);
  return put(deployment.deliveries, toItem({ ...answerKey(system.hash, request), ft: fingerprint, b: answer, ttl }), {
    ConditionExpression: "attribute_not_exists(p) OR cl = :claim",
    ExpressionAttributeValues: toItem({ ":claim": claim }),
  });
}

/** `ttl`: seconds since 1970. */
function claimItem({ system }: StoreContext, request: string, cl: string | undefined, ttl: number): Item {
  return toItem({ ...answerKey(system.hash, request), cl, ttl });
}
