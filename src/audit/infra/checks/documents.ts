/** The policy documents in a stack, wherever a resource holds one. */
import type { Value } from "../hcl/functions.ts";
import { at, isUnknown, wordsOf, type Fields, type Infra, type Resource } from "../resource.ts";

export interface Document {
  readonly resource: Resource;
  readonly attribute: string;
  readonly statements: readonly Fields[];
}

const attributes = ["policy", "assume_role_policy", "policy_document", "redrive_allow_policy"];
/** Documents that say what a role may do. */
const identityTypes = new Set(["aws_iam_role_policy", "aws_iam_policy"]);

/** `undecided`: how many are known only after an apply. */
export function documentsOf(
  infra: Infra,
  kind: "identity" | "resource" | "trust" | "all",
): { readonly documents: readonly Document[]; readonly undecided: number } {
  const documents: Document[] = [];
  let undecided = 0;
  for (const resource of infra.resources) {
    for (const attribute of attributes) {
      const text = resource.values[attribute];
      const its = attribute === "assume_role_policy" ? "trust" : identityTypes.has(resource.type) ? "identity" : "resource";
      if (text === undefined || text === null || (kind !== "all" && its !== kind) || attribute === "redrive_allow_policy") continue;
      const statements = statementsOf(text);
      if (statements === undefined) undecided += 1;
      else documents.push({ resource, attribute, statements });
    }
  }
  return { documents, undecided };
}

function statementsOf(text: Value): readonly Fields[] | undefined {
  try {
    const statements = at(JSON.parse(wordsOf(text)) as Value, "Statement");
    return [statements ?? []].flat() as readonly Fields[];
  } catch {
    if (isUnknown(text)) return undefined;
    throw new Error("A policy is no JSON");
  }
}

export function textsOf(value: Value | undefined): readonly string[] {
  return [value ?? []].flat().filter((each) => typeof each === "string");
}

export function isAllow(statement: Fields): boolean {
  return statement["Effect"] === "Allow";
}

export function sid(statement: Fields): string {
  return wordsOf(statement["Sid"]);
}

/** Values of a condition key under any operator. */
export function conditionOn(statement: Fields, key: string): readonly string[] {
  const operators = Object.values((statement["Condition"] ?? {}) as Readonly<Record<string, Value>>);
  return operators.flatMap((keys) => textsOf(at(keys, key)));
}
