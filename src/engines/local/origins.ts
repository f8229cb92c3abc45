import type { OriginRun, OriginStatements } from "./statements/origins.ts";

/** Who published which events, gathered within a transaction: events that come together are mostly one principal's. */
export interface Origins {
  /** Inside a transaction: the event at this position is the principal's. */
  note(seq: number, principal: string): void;
  /** Inside a transaction, after its last event. */
  readonly write: () => void;
  /** After a transaction that failed. */
  forget(): void;
}

export function createOrigins(statements: OriginStatements): Origins {
  let open: (OriginRun & { readonly principal: string }) | undefined;

  const write = (): void => {
    if (open !== undefined) statements.insert(open, open.principal);
    open = undefined;
  };

  return {
    note(seq, principal) {
      const goesOn = open?.principal === principal && open.last === seq - 1;
      if (!goesOn) write();
      open = { first: open?.first ?? seq, last: seq, principal };
    },
    write,
    forget() {
      open = undefined;
    },
  };
}
