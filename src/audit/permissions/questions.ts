/** Questions to the policies of the stack that is nearest to users. */
import { each, one, type Part } from "../check.ts";
import type { Answer, Principal, Request } from "../iam/types.ts";
import type { Project, StackData } from "../project.ts";
import { readPolicies, strictestStack } from "./judge.ts";
import { ask, rolePolicy, sessionOf, type PolicyStack } from "./policies.ts";

/** Parts over the policies of the stack that is nearest to users; one failed part where they cannot be read. */
export function onPolicies(project: Project, use: (stack: PolicyStack, data: StackData) => readonly Part[]): readonly Part[] {
  const data = strictestStack(project);
  if (data === undefined)
    return [
      each(
        "IAM",
        "there is a stack with policies",
        [],
        () => undefined,
        () => ({ value: "" }),
      ),
    ];
  const stack = readPolicies(project, data);
  if (typeof stack === "string") return [one("IAM", "the committed policies can be read", [stack], { file: policyFile(data, ""), value: "refused" })];
  return use(stack, data);
}

export function policyFile({ folder }: Pick<StackData, "folder">, name: string): string {
  return `${folder}/policies/${name}${name === "" ? "" : ".json"}`;
}

export const secure = { "aws:SecureTransport": "true" };

export function decide(stack: PolicyStack, principal: Principal, question: Omit<Request, "principal">, role?: string): Answer["decision"] {
  const context = { ...secure, ...question.context };
  return ask(stack, { principal, ...question, context }, role === undefined ? undefined : rolePolicy(stack, role)).decision;
}

export function asRole(stack: PolicyStack, role: string, question: Omit<Request, "principal">): Answer["decision"] {
  return decide(stack, sessionOf(stack, role), question, role);
}

export function asService(stack: PolicyStack, service: string, question: Omit<Request, "principal">): Answer["decision"] {
  return decide(stack, { type: "service", name: `${service}.amazonaws.com` }, question);
}

export function arnOf({ environment: { account, region } }: PolicyStack, service: string, resource: string, owner = account): string {
  return `arn:aws:${service}:${region}:${owner}:${resource}`;
}

/** An account that is not ours. */
export const foreign = "999999999999";
