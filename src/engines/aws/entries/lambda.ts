/** What Lambda hands to a function, and what it wants back: as much of it as the engine uses. */

export interface LambdaContext {
  /** Milliseconds until Lambda ends the process. */
  getRemainingTimeInMillis(): number;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: { readonly ApproximateReceiveCount: string; readonly MessageGroupId?: string | undefined };
}

export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

/** What is handed in again: of a queue these messages, of a stream everything from the first of them on. */
export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}
