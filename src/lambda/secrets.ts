/** Values of declared secrets from AWS Secrets Manager, read and kept by Powertools: a rotated one is the new one soon, and no request asks for itself. */
import { ParameterNotFoundError } from "@aws-lambda-powertools/parameters/errors";
import { SecretsProvider } from "@aws-lambda-powertools/parameters/secrets";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { awsError } from "../engines/aws/errors.ts";
import type { OpenSecrets } from "./secret-source.ts";

/** How old a value may be, seconds. */
const maxAge = 5 * 60;

/**
 * `names`: those that the function may read. Its role is granted no others. One that has no value is missing to those who ask for it.
 * What cannot be read now keeps the value it had; without one, `prepare` rejects with `STORE_UNAVAILABLE` or `AWS_…`, and nothing runs.
 */
export const openSecrets: OpenSecrets = ({ secrets }, names) => {
  const provider = new SecretsProvider({ awsSdkV3Client: new SecretsManagerClient() });
  const values = new Map<string, string | undefined>();
  const read = async (name: string): Promise<void> => {
    try {
      const value = await provider.get(secrets.get(name) ?? name, { maxAge, throwOnMissing: true });
      values.set(name, typeof value === "string" ? value : undefined);
    } catch (thrown) {
      if (thrown instanceof ParameterNotFoundError) values.set(name, undefined);
      else if (!values.has(name)) throw awsError(thrown instanceof Error ? (thrown.cause ?? thrown) : thrown, "Secrets Manager refused a value");
    }
  };
  return {
    secret: (name) => values.get(name),
    prepare: async () => {
      await Promise.all(names.map(read));
    },
  };
};
