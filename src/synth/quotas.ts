/**
 * What a deployment needs beyond the quotas that every AWS account begins with. AWS raises them on request, so that they are no
 * limits of a declaration; without the request it is the apply that fails, half way.
 * Names, codes and values: Service Quotas, and https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html, read 2026-11.
 */
import type { Infrastructure } from "./infrastructure.ts";

interface Quota {
  /** As the Service Quotas console names service and quota. */
  readonly service: string;
  readonly name: string;
  readonly code: string;
  readonly serviceCode: string;
  /** What an account has without asking. */
  readonly initial: (region: string) => number;
  /** What the number counts. */
  readonly what: string;
  readonly needed: (infrastructure: Infrastructure) => number;
}

/** Of the deployment itself: for events that nobody waits for, and the one that EventBridge makes for the archive. */
const ownRules = 2;
const smallRegions: ReadonlySet<string> = new Set(["af-south-1", "eu-south-1"]);

const quotas: readonly Quota[] = [
  {
    service: "Amazon EventBridge (CloudWatch Events)",
    name: "Number of rules",
    code: "L-244521F2",
    serviceCode: "events",
    initial: (region) => (smallRegions.has(region) ? 100 : 300),
    what: "rules on one event bus, one for each handler that is not ordered",
    needed: ({ variables }) => Object.values(variables.handlers).filter(({ pattern }) => pattern !== null).length + ownRules,
  },
  {
    service: "Amazon EventBridge (CloudWatch Events)",
    name: "Event pattern size",
    code: "L-664C5505",
    serviceCode: "events",
    initial: () => 2_048,
    what: "characters in the pattern of one rule, which names every event of its handler",
    needed: ({ variables }) => Math.max(0, ...Object.values(variables.handlers).map(({ pattern }) => pattern?.length ?? 0)),
  },
  {
    service: "AWS Identity and Access Management (IAM)",
    name: "Roles per account",
    code: "L-FE177D64",
    serviceCode: "iam",
    initial: () => 1_000,
    what: "roles, one for each function",
    needed: ({ policies }) => [...policies.keys()].filter((name) => name.startsWith("role.")).length,
  },
];

/** A quota to have raised before the first apply. */
export interface QuotaNeed extends Pick<Quota, "service" | "name" | "code" | "serviceCode" | "what"> {
  readonly needed: number;
  readonly initial: number;
}

/** Every quota that the deployment alone goes beyond; other things in the account count as well. */
export function quotaNeeds(infrastructure: Infrastructure): readonly QuotaNeed[] {
  const { region } = infrastructure.variables.environment;
  return quotas
    .map(({ service, name, code, serviceCode, what, ...quota }): QuotaNeed => ({
      ...{ service, name, code, serviceCode, what },
      needed: quota.needed(infrastructure),
      initial: quota.initial(region),
    }))
    .filter(({ needed, initial }) => needed > initial);
}

/** In words, with the way out. */
export function quotaText({ service, name, code, serviceCode, what, needed, initial }: QuotaNeed, region: string): string {
  const request = `aws service-quotas request-service-quota-increase --region ${region} --service-code ${serviceCode} --quota-code ${code} --desired-value ${String(needed)}`;
  return [
    `needs ${String(needed)} ${what}; an account begins with ${String(initial)}, and an apply fails beyond`,
    `what to do: ask for more first, in the console under Service Quotas, ${service}, "${name}" (${code}), or by`,
    request,
  ].join("\n  ");
}
