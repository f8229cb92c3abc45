/** Values of declared secrets from AWS Secrets Manager: read when a function first needs them, and again when they are old. */
import { SecretsProvider } from "@aws-lambda-powertools/parameters/secrets";
import { PulseQueueError } from "../core/errors.ts";
import type { OpenSecrets } from "./secret-source.ts";

/** Seconds that a value is used before it is read again: how long a rotated secret is still taken. */
const maxAge = 300;

/** `names`: those that the function may read. Its role is granted no others. */
export const openSecrets: OpenSecrets = ({ secrets }, names) => {
  const values = new Map<string, string>();
  const provider = new SecretsProvider();
  return {
    secret: (name) => values.get(name),
    async prepare() {
      await Promise.all(
        names.map(async (name) => {
          const value = await provider.get(secrets.get(name) ?? name, { maxAge }).catch((cause: unknown) => {
            throw new PulseQueueError("SECRET_MISSING", `Secret ${name} cannot be read from Secrets Manager`, { cause });
          });
          if (typeof value !== "string") throw new PulseQueueError("SECRET_MISSING", `Secret ${name} has no text as its value`);
          values.set(name, value);
        }),
      );
    },
  };
};
