import type { Context } from "./context.ts";
import { PulseQueueError } from "./errors.ts";
import { checkSchema, type AnyEvent } from "./event.ts";
import { grantSet, type GrantSet, type Grants } from "./grants.ts";
import { checkName } from "./names.ts";
import type { InputOf, OutputOf, Schema } from "./schema.ts";
import type { SecretDefinition } from "./secret.ts";
import type { AnyTable } from "./table.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Who may call an endpoint. There is no default: `public` must be written out. */
export type EndpointAuth = "api-key" | "jwt" | "webhook" | "public";

/** How a webhook's sender signs. */
export interface WebhookSource {
  /** `standard`: https://www.standardwebhooks.com. `stripe`: https://docs.stripe.com/webhooks/signature. */
  readonly scheme: "standard" | "stripe";
  /** Its value is the sender's secret; while it is rotated the new and the old one, parted by a space. */
  readonly secret: SecretDefinition;
}

/** A request as an endpoint sees it. */
export interface EndpointRequest<Input = unknown> {
  /** The body, validated by `input`. */
  readonly input: Input;
  /** The path's `:name` segments. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it came, for signatures. */
  readonly rawBody: string;
  /** Who was authenticated; `anonymous` on a public endpoint. */
  readonly principal: string;
}

/** What an endpoint answers. A status of 400 or above discards everything it wrote and emitted. */
export interface EndpointResponse<Output = unknown> {
  /** @default 200 */
  readonly status?: number;
  readonly body?: Output;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What `defineEndpoint` takes. */
export interface EndpointOptions<
  In extends Schema,
  Out extends Schema,
  Reads extends readonly AnyTable[],
  Writes extends readonly AnyTable[],
  Emits extends readonly AnyEvent[],
  Secrets extends readonly SecretDefinition[],
> extends Grants<Reads, Writes, Emits, Secrets> {
  readonly method: Method;
  /** Starts with `/`; `:name` matches one segment, e.g. `/orders/:id`. */
  readonly path: string;
  readonly auth: EndpointAuth;
  /** Needed with `auth: "webhook"`, and only there. */
  readonly webhook?: WebhookSource;
  /** Schema of the body. @default anything */
  readonly input?: In;
  /** Schema of the answer's body, checked before it leaves for a status below 400. @default anything */
  readonly output?: Out;
  handle(
    request: EndpointRequest<OutputOf<In>>,
    ctx: Context<Reads, Writes, Emits, Secrets>,
  ): Promise<EndpointResponse<InputOf<Out>>> | EndpointResponse<InputOf<Out>>;
}

/** A declared endpoint, its types erased. */
export interface EndpointDefinition<Name extends string = string> {
  readonly kind: "endpoint";
  readonly name: Name;
  readonly method: Method;
  readonly path: string;
  readonly auth: EndpointAuth;
  readonly webhook: WebhookSource | undefined;
  readonly input: Schema | undefined;
  readonly output: Schema | undefined;
  readonly grants: GrantSet;
  readonly handle: (request: EndpointRequest, ctx: Context) => Promise<EndpointResponse> | EndpointResponse;
}

const methods: readonly string[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const schemes: readonly string[] = ["standard", "stripe"];
const auths: readonly string[] = ["api-key", "jwt", "webhook", "public"];

/**
 * Declares an endpoint: one request, one commit.
 *
 * @example
 * const placeOrder = defineEndpoint("place-order", {
 *   method: "POST", path: "/orders", auth: "api-key", input: orderInput, writes: [orders], emits: [orderPlaced],
 *   handle(request, ctx) { ctx.emit(orderPlaced, request.input); return { status: 202 }; },
 * });
 *
 * Throws `DECLARATION_INVALID` for options that cannot work.
 */
export function defineEndpoint<
  const Name extends string,
  In extends Schema = Schema,
  Out extends Schema = Schema,
  const Reads extends readonly AnyTable[] = readonly [],
  const Writes extends readonly AnyTable[] = readonly [],
  const Emits extends readonly AnyEvent[] = readonly [],
  const Secrets extends readonly SecretDefinition[] = readonly [],
>(name: Name, options: EndpointOptions<In, Out, Reads, Writes, Emits, Secrets>): EndpointDefinition<Name> {
  checkName("endpoint", name);
  if (!methods.includes(options.method)) throw invalid(name, `method must be one of ${methods.join(", ")}`);
  if (!auths.includes(options.auth)) throw invalid(name, `auth must be written out as one of ${auths.join(", ")}`);
  if ((options.auth === "webhook") !== (options.webhook !== undefined))
    throw invalid(name, 'auth "webhook" needs `webhook: { scheme, secret }`, and no other auth takes it');
  if (options.webhook !== undefined && !schemes.includes(options.webhook.scheme)) throw invalid(name, `webhook.scheme must be one of ${schemes.join(", ")}`);
  if (typeof options.path !== "string" || !/^(?:\/(?:[\w.~-]+|:[A-Za-z]\w*))+$|^\/$/.test(options.path)) {
    throw invalid(name, "path must start with / and hold plain segments or :name");
  }
  if (typeof options.handle !== "function") throw invalid(name, "it has no handle function");
  if (options.input !== undefined) checkSchema(`Endpoint ${name}: input`, options.input);
  if (options.output !== undefined) checkSchema(`Endpoint ${name}: output`, options.output);
  return Object.freeze({
    kind: "endpoint" as const,
    name,
    method: options.method,
    path: options.path,
    auth: options.auth,
    webhook: options.webhook,
    input: options.input,
    output: options.output,
    grants: grantSet(`Endpoint ${name}`, options),
    handle: options.handle.bind(options) as unknown as EndpointDefinition["handle"],
  });
}

function invalid(name: string, reason: string): PulseQueueError {
  return new PulseQueueError("DECLARATION_INVALID", `Endpoint ${name}: ${reason}`);
}
