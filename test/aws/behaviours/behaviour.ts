import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { SQSClient } from "@aws-sdk/client-sqs";

/** Where a behaviour is shown: real clients in front of an emulator, or the fakes. */
export interface Place {
  readonly dynamodb: Pick<DynamoDBClient, "send">;
  readonly sqs: Pick<SQSClient, "send">;
  /** A name that nothing has had. */
  unique(prefix: string): string;
  /** Lets so many milliseconds pass. */
  wait(milliseconds: number): Promise<void>;
}

/** What AWS documents of its data plane, as a check that runs anywhere. */
export interface Behaviour {
  readonly name: string;
  readonly run: (place: Place) => Promise<void>;
  /** How moto is known to differ from AWS here: the case is skipped there, with these words. */
  readonly motoDiffers?: string;
}

/** What `promise` fails with. Throws where it does not fail. */
export async function failure(promise: Promise<unknown>): Promise<Failure> {
  let result: unknown;
  try {
    result = await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error(`It was expected to fail, but answered ${JSON.stringify(result)}`);
}

export interface Failure extends Error {
  readonly Item?: unknown;
  readonly CancellationReasons?: readonly { readonly Code: string; readonly Item?: unknown }[];
}
