/** Whose tokens a door takes: `jwt` of environment.json, which the infrastructure hands to the functions behind the API. */
import { PulseQueueError } from "../core/errors.ts";
import type { JwtOptions } from "../http/identity/jwt.ts";

/**
 * `undefined` where nobody issues any. Throws `DEPLOYMENT_MISMATCH` for a part of it, and for none where it is needed: the door would
 * refuse every caller and nobody would know why.
 */
export function issuerOf(env: Readonly<Record<string, string | undefined>>, isNeeded: boolean): JwtOptions | undefined {
  const issuer = env["PULSEQUEUE_JWT_ISSUER"];
  const audience = env["PULSEQUEUE_JWT_AUDIENCE"];
  const keys = env["PULSEQUEUE_JWT_KEYS"];
  const tenantClaim = env["PULSEQUEUE_JWT_TENANT_CLAIM"];
  if (!isNeeded && issuer === undefined && audience === undefined && keys === undefined && tenantClaim === undefined) return undefined;
  if (issuer === undefined || audience === undefined || keys === undefined || !URL.canParse(keys))
    throw new PulseQueueError(
      "DEPLOYMENT_MISMATCH",
      "The function is not told who issues tokens: PULSEQUEUE_JWT_ISSUER, PULSEQUEUE_JWT_AUDIENCE and PULSEQUEUE_JWT_KEYS must be issuer, audience and address of the keys",
    );
  return { issuer, audience, keys: new URL(keys), ...(tenantClaim === undefined ? {} : { tenantClaim }) };
}
