import { createHash, timingSafeEqual } from "node:crypto";
import { PulseQueueError } from "../core/errors.ts";
import { parseToken, type KeyStore, type StoredKey } from "../core/keys.ts";
import type { Clock } from "../core/ports.ts";
import type { Principal } from "../core/principal.ts";
import type { Authenticator } from "./authenticator.ts";

/** Lets in who has an API key of the store: `Authorization: Bearer pq_…`. Tokens of other kinds and signatures are refused. */
export function keyAuthenticator(keys: Pick<KeyStore, "find">, clock: Pick<Clock, "now">): Authenticator {
  return {
    async authenticate({ headers }, accepts) {
      if (accepts.includes("webhook")) throw new PulseQueueError("SIGNATURE_INVALID", "This server knows no secret for signatures");
      const token = parseToken(/^Bearer ([\w-]{1,128})$/i.exec(headers.get("authorization") ?? "")?.[1] ?? "");
      const key = token === undefined ? undefined : await keys.find(token.id);
      const principal = token === undefined || key === undefined ? undefined : principalOf(key, token.secret, clock.now());
      if (principal === undefined) throw new PulseQueueError("UNAUTHENTICATED", "There is no valid credential");
      return principal;
    },
    async isCurrent({ id, credential }) {
      const key = await keys.find(id.slice(prefix.length));
      const now = clock.now();
      return key !== undefined && isActive(key, now) && key.secrets.some(({ number, until }) => number === credential?.number && now < (until ?? Infinity));
    },
  };
}

const prefix = "key:";

function principalOf(key: StoredKey, secret: string, now: number): Principal | undefined {
  const hash = createHash("sha256").update(secret).digest();
  const found = key.secrets.find((known) => {
    const expected = Buffer.from(known.hash, "hex");
    return expected.length === hash.length && timingSafeEqual(expected, hash) && now < (known.until ?? Infinity);
  });
  if (found === undefined || !isActive(key, now)) return undefined;
  return { id: `${prefix}${key.id}`, kind: "api-key", tenant: key.tenant, scope: key.scope, credential: { number: found.number, until: found.until } };
}

function isActive({ revoked, expires }: StoredKey, now: number): boolean {
  return revoked === undefined && now < (expires ?? Infinity);
}
