import type { Nonces } from "../../core/nonces.ts";
import type { Clock } from "../../core/ports.ts";
import type { Committer } from "./committer.ts";
import type { KeyStatements } from "./statements/keys.ts";

/** Nonces on SQLite; the old ones go with each new one, so that the table stays as long as what can be used again. */
export function createNonces(clock: Clock, statements: KeyStatements, committer: Committer): Nonces {
  return {
    spend: (nonce, until) =>
      committer.submit({
        kind: "request",
        bytes: nonce.length,
        apply() {
          statements.forget(clock.now());
          return statements.spend(nonce, until);
        },
      }),
  };
}
