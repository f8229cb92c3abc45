import type { AnyEvent } from "./event.ts";
import type { SecretDefinition } from "./secret.ts";
import type { AnyTable } from "./table.ts";

/** What a handler, endpoint or schedule may touch. The one source of types, run-time enforcement and IAM. */
export interface Grants<
  Reads extends readonly AnyTable[] = readonly AnyTable[],
  Writes extends readonly AnyTable[] = readonly AnyTable[],
  Emits extends readonly AnyEvent[] = readonly AnyEvent[],
  Secrets extends readonly SecretDefinition[] = readonly SecretDefinition[],
> {
  /** Tables it may read. @default [] */
  readonly reads?: Reads;
  /** Tables it may write; a written table is also readable. @default [] */
  readonly writes?: Writes;
  /** Events it may emit. @default [] */
  readonly emits?: Emits;
  /** Secrets it may unlock. @default [] */
  readonly secrets?: Secrets;
}

/** `Grants` with every list present and frozen. */
export interface GrantSet {
  readonly reads: readonly AnyTable[];
  readonly writes: readonly AnyTable[];
  readonly emits: readonly AnyEvent[];
  readonly secrets: readonly SecretDefinition[];
}

export function grantSet(grants: Grants): GrantSet {
  return Object.freeze({
    reads: Object.freeze([...(grants.reads ?? [])]),
    writes: Object.freeze([...(grants.writes ?? [])]),
    emits: Object.freeze([...(grants.emits ?? [])]),
    secrets: Object.freeze([...(grants.secrets ?? [])]),
  });
}
