/** Values of declared secrets from AWS Systems Manager Parameter Store. */
import { SSMProvider } from "@aws-lambda-powertools/parameters/ssm";
import { SSMClient } from "@aws-sdk/client-ssm";
import { keptValues } from "./kept-values.ts";
import type { OpenSecrets } from "./secret-source.ts";
import { openSecrets } from "./secrets.ts";

/** For a function whose secrets are all SecureStrings of Parameter Store. Its role is granted no others. */
export const openParameters: OpenSecrets = ({ secrets }, names) => {
  const provider = new SSMProvider({ awsSdkV3Client: new SSMClient() });
  return keptValues("Parameter Store", names, (name, options) => provider.get(`/${secrets.get(name) ?? name}`, { ...options, decrypt: true }));
};

/** For a function with secrets in both. `parameters`: those in Parameter Store, by their declared names. */
export function openBoth(parameters: readonly string[]): OpenSecrets {
  return (deployment, names) => {
    const isParameter = (name: string): boolean => parameters.includes(name);
    const managed = openSecrets(
      deployment,
      names.filter((name) => !isParameter(name)),
    );
    const others = openParameters(deployment, names.filter(isParameter));
    return {
      secret: (name) => (isParameter(name) ? others : managed).secret(name),
      prepare: async () => {
        await Promise.all([managed.prepare(), others.prepare()]);
      },
    };
  };
}
