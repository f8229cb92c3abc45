/**
 * Every error a user can meet, with a stable code, an HTTP status, a verdict on retrying and a way out.
 * Messages name what was wrong; they never hold SQL, a path of this machine, a stack or the data itself.
 */

/** What a caller may do with the same call: `never` helps to repeat, `later` may pass, `fix-input` passes once corrected. */
export type RetryVerdict = "never" | "later" | "fix-input";

interface ErrorEntry {
  readonly status: number;
  readonly retry: RetryVerdict;
  readonly fix: string;
}

const entry = (status: number, retry: RetryVerdict, fix: string): ErrorEntry => ({ status, retry, fix });

/** The catalogue: code → HTTP status, retry verdict, what to do. Codes never change their meaning. */
export const errorCatalogue = {
  DECLARATION_INVALID: entry(500, "never", "Correct the declaration that the message names, then start again."),
  TOPOLOGY_INVALID: entry(500, "never", "Correct every problem that the message lists, then start again."),
  APP_NOT_LOADED: entry(500, "never", "Correct the module that the message names: it must load, and its default export must be the result of defineApp()."),
  EVENT_UNKNOWN: entry(404, "fix-input", "Use an event that a handler, endpoint or schedule of this app declares."),
  HANDLER_UNKNOWN: entry(404, "fix-input", "List the handlers with `pulsequeue handlers ls` and use one of their names."),
  TABLE_UNKNOWN: entry(404, "fix-input", "List the tables with `pulsequeue tables ls` and use one of their names."),
  ENDPOINT_UNKNOWN: entry(404, "fix-input", "Use an endpoint that defineApp() lists."),
  NOT_FOUND: entry(404, "never", "Check the identifier; retention may have removed what it named."),
  PAYLOAD_INVALID: entry(400, "fix-input", "Send data that the event's schema accepts; the message lists each path and reason."),
  PAYLOAD_UNSERIALISABLE: entry(400, "fix-input", "Send plain JSON values: strings, finite numbers, booleans, null, arrays, plain objects."),
  PAYLOAD_TOO_LARGE: entry(413, "fix-input", "Store the large part elsewhere and send a reference to it."),
  ANSWER_TOO_LARGE: entry(413, "fix-input", "Ask for less at once, e.g. with a smaller `limit`."),
  PAYLOAD_TOO_DEEP: entry(400, "fix-input", "Flatten the data to at most 32 levels of nesting."),
  ID_INVALID: entry(400, "fix-input", "Use an id, source or key of 1 to 256 printable characters, without control characters."),
  KEY_PERSONAL: entry(400, "fix-input", "Choose another key, such as an id; or, if the key's field is no personal data, take it out of the event's `pii`."),
  IDENTITY_REUSED: entry(409, "fix-input", "The same source and id (of the same tenant) were published with other data: give the new event its own id."),
  ROW_INVALID: entry(422, "fix-input", "Write a row that the table's schema accepts; the message lists each path and reason."),
  KEY_INVALID: entry(400, "fix-input", "Give every key field of the table as a non-empty string or a finite number."),
  QUERY_UNINDEXED: entry(400, "fix-input", "Query by the table's partition key or by the first field of a declared index."),
  ACCESS_UNDECLARED: entry(403, "never", "Add the table, event or secret to what the handler declares (reads, writes, emits, secrets)."),
  CONTEXT_CLOSED: entry(500, "never", "Await everything the handler starts: its context ends when the handler returns or is stopped."),
  COMMIT_TOO_LARGE: entry(422, "never", "One delivery may touch 99 rows and events at most: split the work over several events."),
  INVARIANT_VIOLATED: entry(409, "later", "Refuse the change in the handler, or correct the rule in the table's `invariant`."),
  SCHEMA_ASYNC: entry(500, "never", "Use a synchronous schema: validation happens inside the commit."),
  VERSION_UNKNOWN: entry(409, "later", "Deploy the version of the app that knows this event version; the delivery waits without using attempts."),
  UPCAST_FAILED: entry(422, "never", "Correct the event's `upcast` so that it turns the older version into valid data, then redrive."),
  HANDLER_FAILED: entry(500, "later", "Read the cause; the delivery is retried by the handler's policy."),
  HANDLER_TIMEOUT: entry(504, "later", "Make the handler faster, honour ctx.signal, or raise its `timeout`."),
  HANDLER_CRASHED: entry(500, "later", "The process died while this delivery ran: look for an endless loop, memory use or process.exit in the handler."),
  HOPS_EXCEEDED: entry(422, "never", "The event has passed more handlers than `maxHops` allows: break the cycle or raise the bound."),
  NON_RETRYABLE: entry(422, "never", "The handler refused the event for good: correct the cause, then redrive or discard."),
  RETRY_AFTER: entry(503, "later", "The handler asked to be tried again later."),
  SECRET_MISSING: entry(500, "never", "Provide a value for the declared secret."),
  STEP_INVALID: entry(422, "never", "Give each step of a handler its own name and let it return a JSON value."),
  CONFLICT_PERSISTENT: entry(503, "later", "The same rows change too often: spread the work over more keys or order it by key."),
  BACKPRESSURE: entry(429, "later", "Wait for the time in `retryAfter`, then send again; nothing was stored."),
  REQUEST_IN_PROGRESS: entry(409, "later", "A request with this Idempotency-Key is still running: ask again for its answer."),
  REQUEST_MISMATCH: entry(422, "fix-input", "This Idempotency-Key was used with another body: use a new key."),
  QUEUE_CLOSED: entry(503, "later", "The queue is closed or closing: open it again."),
  STORE_LOCKED: entry(503, "later", "Another process holds this file: stop it, or send it your commands."),
  STORE_READ_ONLY: entry(500, "never", "Make the file and its directory writable for this user."),
  STORE_FULL: entry(507, "later", "Free disk space; the queue goes on by itself once a write succeeds."),
  STORE_NEWER: entry(500, "never", "This file was written by a newer version: upgrade the program."),
  STORE_FOREIGN: entry(500, "never", "This is not a PulseQueue file, or it belongs to another app: choose another file."),
  STORE_CORRUPT: entry(500, "never", "Restore the last backup; `pulsequeue verify` names what is damaged."),
  STORE_FAILED: entry(500, "never", "The disk refused a write or a sync: check it, then restart; accepted events are recovered."),
  // Nothing has failed: where it runs, there is no such thing. A status of a server's error would set off the alarm for them.
  CAPABILITY_MISSING: entry(404, "never", "This engine does not offer that; `pulsequeue doctor` prints what it offers."),
  OPERATION_INVALID: entry(400, "fix-input", "Give the operation a reason and a filter that names what it acts on."),
  UNAUTHENTICATED: entry(
    401,
    "fix-input",
    "Send a valid credential of a kind that this route accepts: an API key or a token that is neither expired nor revoked.",
  ),
  SIGNATURE_INVALID: entry(
    401,
    "fix-input",
    "Sign the unchanged body with an active secret and a timestamp of now; a request that was received before is refused.",
  ),
  FORBIDDEN: entry(403, "never", "Use a credential whose roles, events, endpoints and tenant allow this."),
  RATE_LIMITED: entry(429, "later", "Wait for the time in `Retry-After`, then send again; nothing was done."),
  KEY_SCOPE_INVALID: entry(400, "fix-input", 'Give the key a name, at least one role, and its events and endpoints one by one or as "*".'),
  REQUEST_INVALID: entry(400, "fix-input", "Send a well-formed request as /openapi.json describes it; the message says what is wrong."),
  ROUTE_UNKNOWN: entry(404, "fix-input", "Use a path that /openapi.json lists, letter by letter."),
  METHOD_NOT_ALLOWED: entry(405, "fix-input", "Use a method that the answer's `Allow` header lists."),
  REQUEST_TIMEOUT: entry(408, "later", "Send the whole request in one go; nothing was done."),
  MEDIA_TYPE_UNSUPPORTED: entry(415, "fix-input", "Send uncompressed JSON in UTF-8 with a content type that the route takes."),
  HOST_REFUSED: entry(421, "fix-input", "Call the server by one of its own names, or add this name with --allow-host."),
  ORIGIN_REFUSED: entry(403, "never", "This web page may not call the server: serve it from there, or call from a program."),
  LISTEN_REFUSED: entry(500, "never", "Listen on a free port of a loopback address; another address needs a credential and either TLS or --behind-proxy."),
  KEY_MISSING: entry(503, "later", "Give the key file and the keyring that the personal data of this file was encrypted with."),
  KEY_FILE_INVALID: entry(500, "never", "Use a key file of 32 random bytes, as 64 hexadecimal digits, that only this user can read (chmod 600)."),
  DATA_ERASED: entry(410, "never", "Personal data of this event or row was erased on request: discard the dead letter."),
  STORE_UNAVAILABLE: entry(503, "later", "The cloud service throttles or does not answer: send again later; nothing was stored."),
  AWS_DENIED: entry(500, "never", "The role may not do this: deploy again, and compare its policy by `pulsequeue iam diff`."),
  AWS_CREDENTIALS: entry(500, "never", "Give valid AWS credentials by the standard AWS_* variables or a profile; those in use are missing or expired."),
  AWS_RESOURCE_MISSING: entry(500, "never", "Deploy the infrastructure of this environment first, and check the environment's name, account and region."),
  AWS_ACCOUNT_WRONG: entry(500, "never", "Use credentials of the environment's own account, or another environment; nothing was read and nothing was done."),
  DEPLOYMENT_INVALID: entry(400, "fix-input", "Change what is listed, in the declaration or in environment.json, then try again; nothing was planned."),
  DEPLOYMENT_MISMATCH: entry(409, "later", "What is deployed differs from what is declared: build and deploy the same version of both."),
  RECORD_FOREIGN: entry(422, "never", "Something that is no event of this app was sent to its queue: find who sent it, then discard the dead letter."),
  ENVELOPE_UNKNOWN: entry(422, "never", "A newer version sent this message: deploy the newer version here too, then redrive."),
  IAM_POLICY_INVALID: entry(500, "never", "Correct the policy at the statement that the message names; only what the evaluator fully understands is judged."),
  IAM_REQUEST_INVALID: entry(400, "fix-input", "Ask about an action, a resource and condition keys that AWS's service reference puts together."),
  AUDIT_INVALID: entry(400, "fix-input", "Correct each field that the message lists in audit.json or in the statements, then audit again."),
  INTERNAL: entry(500, "never", "This is a defect of PulseQueue: report it with the code and the steps that lead to it."),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

/** One reason why a value was refused: where, and why. */
export interface Issue {
  /** Path into the value, e.g. `items.0.quantity`; empty for the value itself. */
  readonly path: string;
  readonly message: string;
}

export interface ErrorDetails {
  readonly cause?: unknown;
  readonly issues?: readonly Issue[];
  /** Milliseconds to wait before the same call can pass. */
  readonly retryAfter?: number;
}

const brand: unique symbol = Symbol.for("pulsequeue.error");

/** The only error class that PulseQueue throws to its users. */
export class PulseQueueError extends Error {
  readonly code: ErrorCode;
  readonly issues: readonly Issue[];
  readonly retryAfter: number | undefined;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.issues = details.issues ?? [];
    this.retryAfter = details.retryAfter;
  }

  /** HTTP status that stands for this error. */
  get status(): number {
    return errorCatalogue[this.code].status;
  }

  /** Whether the same call can pass later. */
  get retry(): RetryVerdict {
    return errorCatalogue[this.code].retry;
  }

  /** What to do about it, in one sentence. */
  get fix(): string {
    return errorCatalogue[this.code].fix;
  }
}

/** Recognises our errors across two copies of this module (an app and a CLI may each load one). */
export function isPulseQueueError(value: unknown): value is PulseQueueError {
  return typeof value === "object" && value !== null && brand in value;
}
