import { timingSafeEqual } from "node:crypto";
import { PulseQueueError } from "../core/errors.ts";
import { parseToken, type KeyStore, type StoredKey } from "../core/keys.ts";
import type { Clock } from "../core/ports.ts";
import type { Principal } from "../core/principal.ts";
import { sha256Bytes } from "../machine/hash.ts";
import type { Authenticator } from "./authenticator.ts";

/** Lets in who has an API key of the store: `Authorization: Bearer pq_…`. Tokens of other kinds and signatures are refused. */
export function keyAuthenticator(keys: Pick<KeyStore, "find">, clock: Pick<Clock, "now">): Authenticator {
  return {
    async authenticate({ headers }, accepts) {
      if (accepts.includes("webhook")) throw new PulseQueueError("SIGNATURE_INVALID", "This server knows no secret for signatures");
      const token = parseToken(/^Bearer ([\w-]{1,128})$/i.exec(headers.get("authorization") ?? "")?.[1] ?? "");
      const principal = token === undefined ? undefined : principalOf((await keys.find(token.id)) ?? nobody, token.secret, clock.now());
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

type StoredSecret = StoredKey["secrets"][number];

/** Stands for a key that there is not, so that it is compared like one that there is: the time taken tells nobody which keys there are. */
const nobody: StoredKey = {
  id: "",
  scope: { roles: [], events: [], endpoints: [] },
  tenant: undefined,
  expires: undefined,
  revoked: 0,
  secrets: [{ number: 0, hash: "0".repeat(64), until: undefined }],
};

const decoded = new WeakMap<StoredSecret, Buffer>();

/** The hash of a secret as bytes, decoded once as long as the store keeps the secret in memory. */
function bytesOf(secret: StoredSecret): Buffer {
  let bytes = decoded.get(secret);
  if (bytes === undefined) decoded.set(secret, (bytes = Buffer.from(secret.hash, "hex")));
  return bytes;
}

function principalOf(key: StoredKey, secret: string, now: number): Principal | undefined {
  const hash = sha256Bytes(secret);
  const found = key.secrets.find((known) => {
    const expected = bytesOf(known);
    return expected.length === hash.length && timingSafeEqual(expected, hash) && now < (known.until ?? Infinity);
  });
  if (found === undefined || !isActive(key, now)) return undefined;
  return { id: `${prefix}${key.id}`, kind: "api-key", tenant: key.tenant, scope: key.scope, credential: { number: found.number, until: found.until } };
}

function isActive({ revoked, expires }: StoredKey, now: number): boolean {
  return revoked === undefined && now < (expires ?? Infinity);
}
