/** The audit ledger, for auditors. */
import { PulseQueueError } from "../../core/errors.ts";
import { ledgerActions, ledgerResults, type Ledger, type LedgerFilter, type LedgerHead } from "../../core/ledger.ts";
import type { Json } from "../../core/json.ts";
import type { Access, Route } from "../call.ts";
import { json } from "../respond.ts";
import { cursorOf, limitOf, objectOf, placeOf, textsOf, timeOf } from "./act.ts";
import { checkWhole } from "./view.ts";

const auditor: Access = { kind: "roles", roles: ["auditor"] };

export function ledgerRoutes(ledger: Ledger): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/v1/ledger",
      access: auditor,
      summary: "Lists what was recorded, the newest first.",
      query: ["by", "action", "subject", "result", "from", "to", "limit", "cursor"],
      async handle({ query, principal }) {
        checkWhole(principal);
        const limit = limitOf(query);
        const entries = await ledger.entries({ ...filterOf(query), limit });
        const last = entries.length === limit ? entries.at(-1) : undefined;
        return json(200, { entries, next: last === undefined ? null : cursorOf(last.sequence) });
      },
    },
    {
      method: "GET",
      path: "/v1/ledger/head",
      access: auditor,
      summary: "Shows the last entry's position and hash: whoever keeps it can prove later that nothing before was rewritten.",
      query: [],
      async handle({ principal }) {
        checkWhole(principal);
        return json(200, await ledger.head());
      },
    },
    {
      method: "POST",
      path: "/v1/ledger/verify",
      access: auditor,
      summary: "Checks the chain of the ledger; with a head that was kept, also that the ledger still holds it.",
      query: [],
      input: {
        type: "object",
        additionalProperties: false,
        properties: {
          head: {
            type: "object",
            additionalProperties: false,
            required: ["app", "sequence", "hash"],
            properties: { app: { type: "string" }, sequence: { type: "integer", minimum: 0 }, hash: { type: "string" } },
          },
        },
      },
      async handle(call) {
        checkWhole(call.principal);
        const body = await call.body.json();
        const head = body === undefined ? undefined : objectOf(body, ["head"])["head"];
        return json(200, await ledger.verify(head === undefined ? undefined : headOf(head)));
      },
    },
  ];
}

function filterOf(query: Readonly<Record<string, string>>): LedgerFilter {
  const { action, result, from, to, cursor } = query;
  const known = ledgerActions.find((name) => name === action);
  const ended = ledgerResults.find((name) => name === result);
  if (action !== undefined && known === undefined) throw new PulseQueueError("REQUEST_INVALID", `action must be one of ${ledgerActions.join(", ")}`);
  if (result !== undefined && ended === undefined) throw new PulseQueueError("REQUEST_INVALID", `result must be one of ${ledgerResults.join(", ")}`);
  return {
    ...textsOf(query, ["by", "subject"]),
    ...(known === undefined ? {} : { action: known }),
    ...(ended === undefined ? {} : { result: ended }),
    ...(from === undefined ? {} : { from: timeOf("from", from) }),
    ...(to === undefined ? {} : { to: timeOf("to", to) }),
    ...(cursor === undefined ? {} : { before: placeOf(cursor) }),
  };
}

function headOf(value: Json): LedgerHead {
  const { app, sequence, hash } = objectOf(value, ["app", "sequence", "hash"]);
  if (typeof app !== "string" || typeof hash !== "string" || typeof sequence !== "number" || !Number.isInteger(sequence))
    throw new PulseQueueError("REQUEST_INVALID", "A head has app, sequence and hash");
  return { app, sequence, hash };
}
