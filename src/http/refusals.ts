/** What a refusal counts as, and what of it is recorded. */
import type { ErrorCode } from "../core/errors.ts";
import type { Ledger, LedgerAction } from "../core/ledger.ts";
import type { Observer, RefusalReason } from "../core/ports.ts";

const reasons: Readonly<Partial<Record<ErrorCode, RefusalReason>>> = {
  UNAUTHENTICATED: "authentication",
  SIGNATURE_INVALID: "signature",
  FORBIDDEN: "permission",
  HOST_REFUSED: "permission",
  ORIGIN_REFUSED: "permission",
  RATE_LIMITED: "rate",
  BACKPRESSURE: "rate",
  REQUEST_INVALID: "validation",
  REQUEST_TIMEOUT: "validation",
  REQUEST_MISMATCH: "validation",
  ROUTE_UNKNOWN: "validation",
  METHOD_NOT_ALLOWED: "validation",
  MEDIA_TYPE_UNSUPPORTED: "validation",
  EVENT_UNKNOWN: "validation",
  VERSION_UNKNOWN: "validation",
  PAYLOAD_INVALID: "validation",
  PAYLOAD_UNSERIALISABLE: "validation",
  PAYLOAD_TOO_LARGE: "validation",
  PAYLOAD_TOO_DEEP: "validation",
  ID_INVALID: "validation",
  IDENTITY_REUSED: "validation",
  KEY_INVALID: "validation",
  KEY_PERSONAL: "validation",
  OPERATION_INVALID: "validation",
};

/** Why a request with this error was turned away; `undefined` where it was taken and failed, or named what is not there. */
export function reasonOf(code: string): RefusalReason | undefined {
  return Object.hasOwn(reasons, code) ? reasons[code as ErrorCode] : undefined;
}

const recorded: Readonly<Partial<Record<RefusalReason, LedgerAction>>> = {
  authentication: "authentication-failed",
  signature: "signature-failed",
  permission: "permission-denied",
};

export interface Refusals {
  /** Tells once that a request or an event of a batch was turned away; who was not let in is also recorded in the ledger. */
  refuse(code: ErrorCode, route: string, by: string): Promise<void>;
}

export function createRefusals(ledger: Ledger, observe: Observer): Refusals {
  return {
    async refuse(code, route, by) {
      const reason = reasonOf(code);
      if (reason === undefined) return;
      observe({ type: "refused", reason, route });
      const action = recorded[reason];
      if (action === undefined) return;
      try {
        await ledger.append({ by, action, subject: route, reason: code, result: "denied" });
      } catch (error) {
        observe({ type: "log", level: "error", message: "a refusal was not recorded", fields: { route, code, error } });
      }
    },
  };
}
