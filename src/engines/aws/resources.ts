/** URLs and ARNs of a deployment's resources, by convention: nothing is looked up, so nothing needs the permission to look. */

/** Where a deployment is. */
export interface Place {
  /** Twelve digits. */
  readonly account: string;
  /** E.g. `eu-central-1`. */
  readonly region: string;
  /** Address of an emulator, as in `AWS_ENDPOINT_URL`. @default AWS */
  readonly endpoint?: string | undefined;
}

export interface Resources {
  queueUrl(name: string): string;
  queueArn(name: string): string;
  functionArn(name: string): string;
  roleArn(name: string): string;
}

export function resourcesOf({ account, region, endpoint }: Place): Resources {
  const partition = partitionOf(region);
  const arn = (service: string, resource: string): string => `arn:${partition}:${service}:${region}:${account}:${resource}`;
  const sqs = endpoint?.replace(/\/$/, "") ?? `https://sqs.${region}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}`;
  return {
    queueUrl: (name) => `${sqs}/${account}/${name}`,
    queueArn: (name) => arn("sqs", name),
    functionArn: (name) => arn("lambda", `function:${name}`),
    roleArn: (name) => `arn:${partition}:iam::${account}:role/${name}`,
  };
}

/** The partition of a region. */
function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}
