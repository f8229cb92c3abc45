/**
 * Signatures of webhooks: over the bytes as they came, compared in constant time, with a timestamp of now, and once. What is
 * remembered is what was signed, not the sender's id: a sender that repeats a delivery which we could not take signs it anew.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { WebhookSource } from "../../core/endpoint.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { Nonces } from "../../core/nonces.ts";
import type { Clock } from "../../core/ports.ts";
import type { Credentials } from "../authenticator.ts";

/** How far the sender's clock may be from ours, milliseconds: what both schemes recommend. */
const tolerance = 5 * 60_000;
/** Signatures of one request that are looked at: a sender that rotates its secret sends two. */
const mostSignatures = 5;

export interface WebhookOptions {
  /** Value of a declared secret: one, or several parted by spaces. */
  readonly secret: (name: string) => string | undefined;
  readonly nonces: Nonces;
  readonly clock: Pick<Clock, "now">;
}

/** What a request claims. */
interface Claim {
  /** Seconds since 1970. */
  readonly time: number;
  /** What comes before the body in what was signed. */
  readonly prefix: string;
  readonly signatures: readonly Buffer[];
}

/** Throws `SIGNATURE_INVALID` unless `credentials` are signed with an active secret, of now, and new. All refusals look the same. */
export async function checkSignature(options: WebhookOptions, source: WebhookSource, credentials: Credentials, endpoint: string): Promise<void> {
  const { headers, rawBody } = credentials;
  const claim = source.scheme === "standard" ? standardClaim(headers) : stripeClaim(headers);
  const keys = (options.secret(source.secret.name) ?? "").split(/\s+/).filter(Boolean).map(keyOf[source.scheme]);
  const isSigned = claim !== undefined && isOfOneKey(claim, keys, rawBody);
  const now = options.clock.now();
  if (!isSigned || Math.abs(now - claim.time * 1_000) > tolerance) throw refused();
  const nonce = createHash("sha256").update(`${endpoint}\n${claim.prefix}`).update(rawBody).digest("base64");
  // Until the tolerance is over for a clock that is as far ahead as it may be.
  if (!(await options.nonces.spend(`webhook ${nonce}`, claim.time * 1_000 + 2 * tolerance))) throw refused();
}

function refused(): PulseQueueError {
  return new PulseQueueError("SIGNATURE_INVALID", "The signature is missing, wrong, not of now, or was received before");
}

/** Every key is tried with every signature, so that the time taken does not tell which one was nearly right. */
function isOfOneKey({ prefix, signatures }: Claim, keys: readonly Buffer[], body: Uint8Array): boolean {
  let isFound = false;
  for (const key of keys) {
    if (key.length === 0) continue;
    const expected = createHmac("sha256", key).update(prefix).update(body).digest();
    for (const signature of signatures) {
      if (signature.length === expected.length && timingSafeEqual(signature, expected)) isFound = true;
    }
  }
  return isFound;
}

const keyOf: Readonly<Record<WebhookSource["scheme"], (secret: string) => Buffer>> = {
  standard: (secret) => Buffer.from(secret.replace(/^whsec_/, ""), "base64"),
  stripe: (secret) => Buffer.from(secret, "utf8"),
};

function standardClaim(headers: Headers): Claim | undefined {
  const id = headers.get("webhook-id") ?? "";
  const time = headers.get("webhook-timestamp") ?? "";
  // A point would let the end of an id be read as the beginning of a timestamp.
  if (!/^[\w-]{1,256}$/.test(id) || !/^\d{1,12}$/.test(time)) return undefined;
  const signatures = (headers.get("webhook-signature") ?? "")
    .split(" ", mostSignatures)
    .filter((part) => part.startsWith("v1,"))
    .map((part) => Buffer.from(part.slice("v1,".length), "base64"));
  return { time: Number(time), prefix: `${id}.${time}.`, signatures };
}

function stripeClaim(headers: Headers): Claim | undefined {
  const parts = (headers.get("stripe-signature") ?? "").split(",", 2 * mostSignatures).map((part) => part.trim());
  const [time, ...others] = parts.filter((part) => part.startsWith("t=")).map((part) => part.slice("t=".length));
  if (time === undefined || others.length > 0 || !/^\d{1,12}$/.test(time)) return undefined;
  const signatures = parts
    .filter((part) => part.startsWith("v1="))
    .slice(0, mostSignatures)
    .map((part) => Buffer.from(part.slice("v1=".length), "hex"));
  return { time: Number(time), prefix: `${time}.`, signatures };
}
