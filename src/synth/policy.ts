/** IAM policy documents as data, in the one form that this package writes. */

export type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

export interface Statement {
  /** Says to a reviewer what the statement is for. Letters and digits. */
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  /** Only in resource and trust policies. */
  readonly Principal?:
    "*" | Readonly<Record<"AWS" | "Service" | "Federated", string | readonly string[]>> | Readonly<Record<string, string | readonly string[]>>;
  readonly Action: readonly string[];
  /** Absent in trust policies only. */
  readonly Resource?: readonly string[];
  readonly Condition?: Condition;
}

export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

export function policy(...statements: readonly (Statement | undefined)[]): Policy {
  return { Version: "2012-10-17", Statement: statements.filter((statement) => statement !== undefined) };
}

/** `undefined` where nothing is granted: a statement about no resource would be refused by AWS. */
export function allow(sid: string, actions: readonly string[], resources: readonly string[], condition?: Condition): Statement | undefined {
  if (resources.length === 0) return undefined;
  return {
    Sid: sid,
    Effect: "Allow",
    Action: [...actions].sort(),
    Resource: [...new Set(resources)].sort(),
    ...(condition === undefined ? {} : { Condition: condition }),
  };
}
