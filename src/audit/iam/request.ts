/** Checks a request and fills in the condition keys that follow from it, so that a question cannot contradict itself. */
import { PulseQueueError } from "../../core/errors.ts";
import { parseArn } from "./arn.ts";
import { findAction, keyType, supportsKey, typesOf, type CataloguedAction } from "./catalogue.ts";
import type { Context } from "./conditions.ts";
import { isValueOf } from "./operators.ts";
import { accountOf } from "./principals.ts";
import type { Principal, Request } from "./types.ts";

export interface CheckedRequest {
  readonly principal: Principal;
  readonly action: CataloguedAction;
  readonly resource: string;
  /** `undefined` for a service or a token of an identity provider. */
  readonly principalAccount: string | undefined;
  readonly resourceAccount: string;
  readonly context: Context;
}

const refuse = (text: string): PulseQueueError => new PulseQueueError("IAM_REQUEST_INVALID", text);

/**
 * Throws `IAM_REQUEST_INVALID` for an unknown action, a resource that the action does not take, a condition key that its requests do
 * not have, a value that the key cannot have, and a key that is filled in.
 */
export function checkRequest(request: Request): CheckedRequest {
  const action = findAction(request.action);
  if (action === undefined) throw refuse(`${request.action} is no action of the catalogue`);
  checkPrincipal(request.principal);
  const principalAccount = accountOf(request.principal);
  const resourceAccount = ownerOf(action, request) ?? principalAccount;
  if (resourceAccount === undefined) throw refuse(`${request.resource} does not say whose it is: give resourceAccount`);
  const context = new Map(filledIn(request.principal, principalAccount, resourceAccount));
  for (const [key, given] of Object.entries(request.context ?? {})) {
    const lower = key.toLowerCase();
    if (context.has(lower) || derived.includes(lower)) throw refuse(`${key} follows from the rest of the request, or is there twice`);
    context.set(lower, valuesOf(action, key, given));
  }
  return { principal: request.principal, action, resource: request.resource, principalAccount, resourceAccount, context };
}

function checkPrincipal(principal: Principal): void {
  if (principal.type === "service") {
    if (!/^[a-z0-9.-]+\.amazonaws\.com$/.test(principal.name)) throw refuse(`${principal.name} is no service`);
    return;
  }
  const text = principal.type === "session" ? principal.roleArn : principal.type === "user" ? principal.arn : principal.providerArn;
  const kind = { session: "role/", user: "user/", "web-identity": "oidc-provider/" }[principal.type];
  const arn = parseArn(text);
  if (arn?.service !== "iam" || arn.account.length !== 12 || !arn.resource.startsWith(kind)) throw refuse(`${text} is not the ARN of a ${kind.slice(0, -1)}`);
  if (principal.type === "session" && !/^[\w+=,.@-]{2,64}$/.test(principal.sessionName)) throw refuse(`${principal.sessionName} is no name of a session`);
}

function ownerOf(action: CataloguedAction, { resource, resourceAccount }: Request): string | undefined {
  if (resourceAccount !== undefined && !/^\d{12}$/.test(resourceAccount)) throw refuse(`${resourceAccount} is no account`);
  if (resource === "*") {
    if (action.needsResource) throw refuse(`${action.name} is asked for about one resource`);
    return resourceAccount;
  }
  const arn = parseArn(resource);
  if (arn === undefined) throw refuse(`${resource} is no ARN`);
  if (typesOf(action, resource).length === 0) throw refuse(`${action.name} does not take ${resource}`);
  if (arn.account === "") {
    if (resourceAccount === undefined) throw refuse(`${resource} does not say whose it is: give resourceAccount`);
    return resourceAccount;
  }
  if (resourceAccount !== undefined && resourceAccount !== arn.account) throw refuse(`${resource} is not of the account ${resourceAccount}`);
  return arn.account;
}

const derived = [
  "aws:principalarn",
  "aws:principalaccount",
  "aws:principaltype",
  "aws:principalisawsservice",
  "aws:principalservicename",
  "aws:resourceaccount",
  "aws:username",
];

function filledIn(principal: Principal, account: string | undefined, owner: string): readonly (readonly [string, readonly string[]])[] {
  const facts: Readonly<Record<string, string | undefined>> = {
    "aws:resourceaccount": owner,
    "aws:principalaccount": account,
    "aws:principalisawsservice": String(principal.type === "service"),
    "aws:principalarn": principal.type === "session" ? principal.roleArn : principal.type === "user" ? principal.arn : undefined,
    "aws:principaltype": principal.type === "session" ? "AssumedRole" : principal.type === "user" ? "User" : undefined,
    "aws:principalservicename": principal.type === "service" ? principal.name : undefined,
    "aws:username": principal.type === "user" ? principal.arn.slice(principal.arn.lastIndexOf("/") + 1) : undefined,
  };
  return Object.entries(facts).flatMap(([key, value]) => (value === undefined ? [] : [[key, [value]] as const]));
}

function valuesOf(action: CataloguedAction, key: string, given: string | readonly string[]): readonly string[] {
  const type = keyType(key);
  if (type === undefined || !supportsKey(action, key)) throw refuse(`a request for ${action.name} has no condition key ${key}`);
  const values = typeof given === "string" ? [given] : given;
  if (typeof given !== "string" && !type.multiple) throw refuse(`${key} has one value`);
  if (values.length === 0) throw refuse(`${key} has no value: leave it out`);
  const wrong = values.find((value) => !isValueOf(type, value));
  if (wrong !== undefined) throw refuse(`${key} cannot be ${JSON.stringify(wrong)}`);
  return values;
}
