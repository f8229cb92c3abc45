/** Messages that no delivery can be made of: each becomes a dead letter with its bytes. */
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { ErrorCode } from "../../../core/errors.ts";
import { deliveryItem, rawKey } from "../items/deliveries.ts";
import { retrying } from "../retry.ts";
import type { Runtime } from "./context.ts";

/** What an item takes beside the rest of its record, bytes. */
const largestRaw = 350 * 1024;

/** `false` where the body is larger than an item: then it stays in its queue, which moves it to its own dead letters, whole. */
export async function buryUnreadable(runtime: Runtime, handler: string, body: string, code: ErrorCode, message: string): Promise<boolean> {
  const { dynamodb, system, deployment, next } = runtime;
  const isKept = Buffer.byteLength(body) <= largestRaw;
  const now = system.clock.now();
  const failure = { code, message, at: now };
  if (isKept) {
    const record = { handler, run: 0, state: "dead", attempts: 0, failure, endedAt: now, redrives: 0, version: next(), raw: body } as const;
    const command = new PutItemCommand({ TableName: deployment.deliveries, Item: deliveryItem(rawKey(system.hash, handler, body), record) });
    await retrying(system, "DynamoDB refused to keep a dead letter", () => dynamodb.send(command));
  }
  system.observe({ type: "log", level: "error", message: "a message could not be read", fields: { handler, code, reason: message } });
  return isKept;
}
