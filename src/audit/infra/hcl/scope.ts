/** What the names in an expression mean. */
import type { Value } from "./functions.ts";

export interface Scope {
  /** The value of a name that begins a reference, e.g. `var`, or of a resource's type. */
  variable(name: string): Reference | Value | undefined;
  readonly functions: Readonly<Record<string, (...args: readonly Value[]) => Value>>;
}

/** What is found only when it is asked for: the attributes of a resource, the outputs of a module. */
export interface Reference {
  readonly attribute: (name: string) => Reference | Value;
  /** All of it, where it is used as a value. */
  readonly value: () => Value;
}

export function isReference(value: Reference | Value | undefined): value is Reference {
  return typeof value === "object" && value !== null && "attribute" in value && typeof value.attribute === "function";
}
