import { PulseQueueError } from "../../core/errors.ts";
import type { KeyStore } from "../../core/keys.ts";
import type { Clock } from "../../core/ports.ts";
import type { Principal } from "../../core/principal.ts";
import type { Topology } from "../../core/topology.ts";
import type { Authenticator, Credentials } from "../authenticator.ts";
import { keyAuthenticator } from "../key-authenticator.ts";
import { jwtVerifier, type JwtOptions } from "./jwt.ts";
import { checkSignature, type WebhookOptions } from "./webhook.ts";

export interface AuthenticatorOptions {
  readonly keys: Pick<KeyStore, "find">;
  readonly clock: Pick<Clock, "now">;
  /** The app: which endpoints are webhooks, and how their senders sign. */
  readonly topology: Pick<Topology, "endpoints">;
  readonly webhooks: Omit<WebhookOptions, "clock">;
  /** Tokens of an identity provider. @default none is taken */
  readonly jwt?: JwtOptions;
}

/** Longest token that is looked at. */
const maxToken = 8_192;

/** Finds out who calls: by API key or token (`Authorization: Bearer …`), or by the signature of a webhook. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { clock, topology, webhooks } = options;
  const keys = keyAuthenticator(options.keys, clock);
  const jwt = options.jwt === undefined ? undefined : jwtVerifier(options.jwt, clock);

  const bySignature = async (credentials: Credentials, name: string): Promise<Principal> => {
    const source = topology.endpoints.get(name)?.webhook;
    if (source === undefined) throw new PulseQueueError("SIGNATURE_INVALID", "No sender is known here");
    await checkSignature({ ...webhooks, clock }, source, credentials, name);
    return { id: `webhook:${name}`, kind: "webhook", tenant: undefined, scope: { roles: [], events: [], endpoints: [name] } };
  };

  return {
    async authenticate(credentials, accepts, endpoint) {
      if (accepts.includes("webhook")) return await bySignature(credentials, endpoint);
      const token = /^Bearer ([\w.~+/-]+=*)$/i.exec((credentials.headers.get("authorization") ?? "").slice(0, maxToken))?.[1];
      if (token !== undefined && !token.startsWith("pq_") && accepts.includes("jwt")) {
        const principal = await jwt?.verify(token);
        if (principal !== undefined) return principal;
      } else if (accepts.includes("api-key")) return await keys.authenticate(credentials, accepts, endpoint);
      throw new PulseQueueError("UNAUTHENTICATED", "There is no valid credential");
    },
    async isCurrent(principal) {
      if (principal.kind === "api-key") return await keys.isCurrent(principal);
      return clock.now() < (principal.credential?.until ?? Infinity);
    },
  };
}
