/**
 * The Lambda function of an endpoint or of the operations API behind an API Gateway HTTP API: its payload 2.0 is a request to the
 * same door as on one machine, and the door's response is a payload again.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */

import { PulseQueueError } from "../../../core/errors.ts";
import { problem } from "../../../core/request.ts";

/** Bytes of a function's answer: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const largestAnswer = 6 * 1024 * 1024;

/** As much of the payload as the engine uses. */
export interface GatewayRequest {
  readonly rawPath: string;
  readonly rawQueryString: string;
  /** By lower-case name; several values of one name are parted by commas, and cookies stand apart. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly cookies?: readonly string[] | undefined;
  readonly body?: string | undefined;
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly domainName: string;
    /** Name of the stage; a part of the path unless it is `$default`. */
    readonly stage: string;
    readonly http: { readonly method: string; readonly sourceIp: string };
  };
}

export interface GatewayResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** Answers a request; `address` is the client's. `createHttpApp` of `pulsequeue/http` makes one. */
export type Fetch = (request: Request, address: string) => Promise<Response>;

/** @example export const handler = endpointEntry((request, address) => http.fetch(request, { address, local: false })); */
export function endpointEntry(fetch: Fetch): (event: GatewayRequest) => Promise<GatewayResponse> {
  return async (event) => toPayload(await fetch(toRequest(event), event.requestContext.http.sourceIp));
}

function toRequest({ rawPath, rawQueryString, headers, cookies = [], body, isBase64Encoded, requestContext }: GatewayRequest): Request {
  const { domainName, stage, http } = requestContext;
  const prefix = `/${stage}`;
  const isStaged = stage !== "$default" && (rawPath === prefix || rawPath.startsWith(`${prefix}/`));
  const path = isStaged ? `/${rawPath.slice(prefix.length + 1)}` : rawPath;
  const url = `https://${headers["host"] ?? domainName}${path}${rawQueryString === "" ? "" : `?${rawQueryString}`}`;
  const sent = new Headers();
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) sent.append(name, value);
  if (cookies.length > 0) sent.set("cookie", cookies.join("; "));
  const hasBody = body !== undefined && http.method !== "GET" && http.method !== "HEAD";
  return new Request(url, { method: http.method, headers: sent, ...(hasBody ? { body: isBase64Encoded ? Buffer.from(body, "base64") : body } : {}) });
}

/** Types whose bodies are text: they go as they are, all others in base64. */
const textual = /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml|javascript|yaml)\b)/;

async function toPayload(response: Response): Promise<GatewayResponse> {
  const headers: Record<string, string> = {};
  for (const [name, value] of response.headers) if (name !== "set-cookie") headers[name] = value;
  const bytes = Buffer.from(await response.arrayBuffer());
  const isText = bytes.length === 0 || (textual.test(headers["content-type"] ?? "") && headers["content-encoding"] === undefined);
  const payload = {
    statusCode: response.status,
    headers,
    cookies: response.headers.getSetCookie(),
    body: bytes.toString(isText ? "utf8" : "base64"),
    isBase64Encoded: !isText,
  };
  // In JSON a character takes six at most.
  if (bytes.length > largestAnswer / 6 && Buffer.byteLength(JSON.stringify(payload)) > largestAnswer) {
    const { status, body, headers } = problem(new PulseQueueError("ANSWER_TOO_LARGE", "The answer is larger than the 6 MB that a function may give"));
    return { statusCode: status, headers, cookies: [], body: JSON.stringify(body), isBase64Encoded: false };
  }
  return payload;
}
