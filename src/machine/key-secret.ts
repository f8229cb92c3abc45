import { randomBytes } from "node:crypto";
import { sha256Bytes } from "./hash.ts";

/** 256 random bits, e.g. for an API key, and what is kept of them: the SHA-256 in hexadecimal. */
export function newSecret(): { readonly secret: string; readonly hash: string } {
  const secret = randomBytes(32).toString("base64url");
  return { secret, hash: sha256Bytes(secret).toString("hex") };
}

/** An id that nobody else draws: 8 random bytes in hexadecimal. */
export function newKeyId(): string {
  return randomBytes(8).toString("hex");
}
