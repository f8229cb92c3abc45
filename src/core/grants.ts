import { PulseQueueError } from "./errors.ts";
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

/** Throws `DECLARATION_INVALID` for an entry that is no declaration: types do not see an import that a cycle left `undefined`. */
export function grantSet(what: string, grants: Grants): GrantSet {
  const list = <Item extends { readonly kind: string }>(
    grant: keyof Grants,
    kind: Item["kind"],
    maker: string,
    items: readonly Item[] = [],
  ): readonly Item[] => {
    if (!(items as readonly (Item | undefined)[]).every((item) => item?.kind === kind)) {
      throw new PulseQueueError(
        "DECLARATION_INVALID",
        `${what}: \`${grant}\` holds something that is not the result of ${maker}(): check for an undefined import`,
      );
    }
    return Object.freeze([...items]);
  };
  return Object.freeze({
    reads: list("reads", "table", "defineTable", grants.reads),
    writes: list("writes", "table", "defineTable", grants.writes),
    emits: list("emits", "event", "defineEvent", grants.emits),
    secrets: list("secrets", "secret", "defineSecret", grants.secrets),
  });
}
