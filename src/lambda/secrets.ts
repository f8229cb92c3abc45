/** Values of declared secrets from AWS Secrets Manager. */
import { SecretsProvider } from "@aws-lambda-powertools/parameters/secrets";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { keptValues } from "./kept-values.ts";
import type { OpenSecrets } from "./secret-source.ts";

/** For a function whose secrets are all in Secrets Manager. Its role is granted no others. */
export const openSecrets: OpenSecrets = ({ secrets }, names) => {
  const provider = new SecretsProvider({ awsSdkV3Client: new SecretsManagerClient() });
  return keptValues("Secrets Manager", names, (name, options) => provider.get(secrets.get(name) ?? name, options));
};
