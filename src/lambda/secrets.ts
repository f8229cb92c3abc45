/** Values of declared secrets from AWS Secrets Manager. */
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { managedSecrets } from "../engines/aws/entries/secrets.ts";
import type { OpenSecrets } from "./secret-source.ts";

/** `names`: those that the function may read. Its role is granted no others. */
export const openSecrets: OpenSecrets = ({ secrets }, names) => {
  const managed = managedSecrets({ client: new SecretsManagerClient(), names: new Map(names.map((name) => [name, secrets.get(name) ?? name])) });
  return { secret: managed.secrets, prepare: managed.prepare };
};
