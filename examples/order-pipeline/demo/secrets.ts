import { randomBytes } from "node:crypto";

/** Known to nobody: the simulated provider calls the webhook in this process, where nothing is signed, and the service is on a socket too. */
const unguessable = randomBytes(32).toString("base64url");

export function demoSecrets(): string {
  return process.env["PULSEQUEUE_SECRET_PAYMENTS_WEBHOOK"] ?? unguessable;
}
