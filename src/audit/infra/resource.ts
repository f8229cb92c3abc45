/** Resources of a stack in one form, whether they come from Terraform's plan or from its files. */
import type { Value } from "./hcl/functions.ts";

export type Fields = Readonly<Record<string, Value>>;

export interface Resource {
  /** As Terraform writes it, e.g. `module.deployment.module.table["orders"].aws_dynamodb_table.this`. */
  readonly address: string;
  readonly type: string;
  readonly values: Fields;
}

export interface Infra {
  /** What was read: a plan, in which Terraform itself has checked and filled in every value, or the files. */
  readonly source: "plan" | "files";
  /** E.g. `prod`. */
  readonly name: string;
  readonly resources: readonly Resource[];
  /** Backend and provider of the root module; a plan does not tell them. */
  readonly backend: Fields | undefined;
  readonly provider: Fields | undefined;
}

/** Whether AWS will choose the value, or a part of it, when it is applied. */
export function isUnknown(value: Value | undefined): value is string {
  return typeof value === "string" && value.includes("«");
}

/** A text, number or truth as text; empty for everything else. */
export function wordsOf(value: Value | undefined): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

/** The value at a path of names and positions, e.g. `at(values, "server_side_encryption", 0, "kms_key_arn")`. */
export function at(values: Value | undefined, ...path: readonly (string | number)[]): Value | undefined {
  let found: Value | undefined = values;
  for (const step of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Readonly<Record<string | number, Value>>)[step];
  }
  return found ?? undefined;
}
