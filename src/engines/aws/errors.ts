/** What AWS threw, as one of our errors: with a code, a way out, and whether the same call may be repeated. */
import { isPulseQueueError, PulseQueueError, type ErrorCode } from "../../core/errors.ts";

/** What an SDK client throws. */
export interface AwsFailure extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $retryable?: unknown;
  readonly code?: string;
}

const denied = new Set(["AccessDenied", "AccessDeniedException", "NotAuthorized", "KMSAccessDeniedException", "KmsAccessDenied"]);
const credentials = new Set([
  "CredentialsProviderError",
  "ExpiredToken",
  "ExpiredTokenException",
  "IncompleteSignature",
  "InvalidClientTokenId",
  "InvalidSignatureException",
  "MissingAuthenticationToken",
  "MissingAuthenticationTokenException",
  "SignatureDoesNotMatch",
  "TokenProviderError",
  "UnrecognizedClientException",
]);
const missing = new Set(["ResourceNotFoundException", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue", "NotFoundException"]);
/** Refused for now, or unknown whether it was done. */
const passing = new Set([
  "InternalServerError",
  "InternalException",
  "InternalFailure",
  "KmsThrottled",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestTimeout",
  "RequestTimeoutException",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  "Throttling",
  "ThrottledException",
  "ThrottlingException",
  "TimeoutError",
  "TooManyRequestsException",
  "TransactionConflictException",
  "TransactionInProgressException",
]);
const network = new Set(["ECONNABORTED", "ECONNREFUSED", "ECONNRESET", "EAI_AGAIN", "ENETUNREACH", "ENOTFOUND", "EPIPE", "ETIMEDOUT"]);

/** Wait that is asked of a caller whose call AWS refused for now, milliseconds. */
const askAgain = 1_000;

/** Whether the same call may succeed a moment later. */
export function isPassing(thrown: unknown): boolean {
  if (!isFailure(thrown)) return false;
  const status = thrown.$metadata?.httpStatusCode ?? 0;
  return passing.has(thrown.name) || network.has(thrown.code ?? "") || status >= 500 || status === 429 || thrown.$retryable !== undefined;
}

/** `what` names what was asked of which service, e.g. `DynamoDB refused to store events`. */
export function awsError(thrown: unknown, what: string): PulseQueueError {
  if (isPulseQueueError(thrown)) return thrown;
  const name = isFailure(thrown) ? thrown.name : typeof thrown;
  const error = (code: ErrorCode, retryAfter?: number): PulseQueueError =>
    new PulseQueueError(code, `${what}: ${name}`, { cause: thrown, ...(retryAfter === undefined ? {} : { retryAfter }) });
  if (denied.has(name)) return error("AWS_DENIED");
  if (credentials.has(name)) return error("AWS_CREDENTIALS");
  if (missing.has(name)) return error("AWS_RESOURCE_MISSING");
  return isPassing(thrown) ? error("STORE_UNAVAILABLE", askAgain) : error("INTERNAL");
}

function isFailure(thrown: unknown): thrown is AwsFailure {
  return thrown instanceof Error;
}
