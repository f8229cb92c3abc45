/** An error as the SDK throws it for an answer of a service: told apart by `name`, with the HTTP status in `$metadata`. */
export class AwsError extends Error {
  readonly $fault: "client" | "server";
  readonly $metadata: { readonly httpStatusCode: number; readonly requestId: string; readonly attempts: number; readonly totalRetryDelay: number };

  /** `details`: further members of this error, such as `CancellationReasons`. */
  constructor(name: string, message: string, status = 400, details: object = {}) {
    super(message);
    this.name = name;
    this.$fault = status >= 500 ? "server" : "client";
    this.$metadata = { httpStatusCode: status, requestId: "00000000-0000-4000-8000-000000000000", attempts: 1, totalRetryDelay: 0 };
    Object.assign(this, details);
  }
}

/** What no service was reached by: thrown by the SDK's HTTP handler, without a status. */
export class ConnectionError extends Error {
  readonly $metadata = { attempts: 1, totalRetryDelay: 0 };

  constructor(name: "TimeoutError" | "AbortError", message: string) {
    super(message);
    this.name = name;
  }
}

/** The fake does not know this yet: an answer would be a guess. Never thrown for what the real service refuses. */
export class UnsupportedByFake extends Error {
  constructor(what: string) {
    super(`The fake of AWS does not know ${what}: teach it, or do not ask for it`);
    this.name = new.target.name;
  }
}

export function validation(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
