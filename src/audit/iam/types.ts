/** What the evaluator reads: policies that were parsed strictly (`parse.ts`) and requests that were checked (`request.ts`). */

/** Where a policy is attached decides what it may say and what it can grant. `trust` is the resource policy of a role. */
export type PolicyKind = "identity" | "boundary" | "session" | "scp" | "rcp" | "resource" | "trust";

/** `StringNotLike` is `StringLike` with `negated`; `NumericLessThan` and its kin are tests of their own. */
export type Test =
  | "StringEquals"
  | "StringEqualsIgnoreCase"
  | "StringLike"
  | "ArnLike"
  | "Bool"
  | "Null"
  | "IpAddress"
  | `${"Numeric" | "Date"}${"Equals" | "LessThan" | "LessThanEquals" | "GreaterThan" | "GreaterThanEquals"}`;

export interface Condition {
  /** As the policy spells it. */
  readonly operator: string;
  readonly test: Test;
  readonly negated: boolean;
  readonly ifExists: boolean;
  /** `ForAllValues` or `ForAnyValue`. */
  readonly set: "all" | "any" | undefined;
  /** Lower case: names of keys know no case. */
  readonly key: string;
  readonly values: readonly string[];
}

export interface PrincipalPattern {
  readonly type: "AWS" | "Service" | "Federated";
  /** An ARN, a service's name, or `*`. Accounts are written as the ARN of their root. */
  readonly value: string;
}

/** The patterns of `Action` or, where `not`, of `NotAction`; so for resources and principals. */
export interface Patterns<Item> {
  readonly not: boolean;
  readonly items: readonly Item[];
}

export interface Statement {
  /** Position in its policy, from 0. */
  readonly index: number;
  readonly sid: string | undefined;
  readonly effect: "Allow" | "Deny";
  readonly actions: Patterns<string>;
  /** Only a trust policy has none. */
  readonly resources: Patterns<string> | undefined;
  /** Only policies of resources have them. */
  readonly principals: Patterns<PrincipalPattern> | undefined;
  readonly conditions: readonly Condition[];
}

export interface Policy {
  readonly kind: PolicyKind;
  /** Says to a reviewer where it is attached. */
  readonly name: string;
  readonly statements: readonly Statement[];
}

/** Who asks. `session` is a role's session, `web-identity` a token of an identity provider, as when a workflow assumes its role. */
export type Principal =
  | { readonly type: "session"; readonly roleArn: string; readonly sessionName: string }
  | { readonly type: "user"; readonly arn: string }
  | { readonly type: "service"; readonly name: string }
  | { readonly type: "web-identity"; readonly providerArn: string };

export interface Request {
  readonly principal: Principal;
  /** One action, as `events:PutEvents`. */
  readonly action: string;
  /** One ARN, or `*` for an action that knows no resources. */
  readonly resource: string;
  /** Account that owns the resource, 12 digits. @default the account in `resource`; needed where that names none */
  readonly resourceAccount?: string;
  /** Condition keys of the request; a list for a key of several values. Those that follow from the rest are filled in and not given. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** The policies at hand. A list that is left out means that nothing of that kind applies; an empty one allows nothing. */
export interface Policies {
  readonly identity?: readonly Policy[];
  readonly boundary?: Policy;
  readonly session?: Policy;
  /** One list for each level from the organisation's root to the account: each level must allow. */
  readonly scps?: readonly (readonly Policy[])[];
  /** As `scps`, for the account of the resource. */
  readonly rcps?: readonly (readonly Policy[])[];
  /** The resource's policy: the bus's, the queue's, the key's; for `sts:AssumeRole…` the trust policy. */
  readonly resource?: Policy;
}

export interface Reason {
  /** Name of the policy; the kind where no policy is there. */
  readonly policy: string;
  readonly kind: PolicyKind;
  /** The statement that decided; none where one is missing. */
  readonly statement: number | undefined;
  readonly sid: string | undefined;
  readonly text: string;
}

export interface Answer {
  readonly decision: "allow" | "explicit-deny" | "implicit-deny";
  /** For `allow` the statements that allow, one for each kind of policy that had to; else what denied or what was missing. */
  readonly reasons: readonly Reason[];
}
