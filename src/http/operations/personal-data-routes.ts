/** The only ways to see personal data, each asked for with a reason and recorded before anything is shown; and the way to erase it. */
import type { App } from "../../core/app.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { checkIdentifier } from "../../core/names.ts";
import type { OperationOptions, OperationResult } from "../../core/operation.ts";
import type { Queue } from "../../core/queue.ts";
import { eventNamed, revealEvent, revealRow, rowNamed } from "../../core/reveal.ts";
import type { Route } from "../call.ts";
import { json } from "../respond.ts";
import { actRoute, readAct, textsOf } from "./act.ts";
import { checkWhole, choiceOf, type View } from "./view.ts";

export interface PersonalDataRouteOptions {
  readonly app: App;
  readonly queue: Queue;
  readonly view: View;
  readonly erase: ((subject: string, options: OperationOptions) => Promise<OperationResult>) | undefined;
}

const text: Json = { type: "string", maxLength: 256 };

export function personalDataRoutes({ app, queue, view, erase }: PersonalDataRouteOptions): readonly Route[] {
  return [
    actRoute("/v1/events/:id/reveal", "Shows one event with its personal data; recorded in the ledger.", { source: text, tenant: text }, async (call) => {
      const { options, fields } = await readAct(call, ["source", "tenant"]);
      const choice = choiceOf(call.principal, textsOf(fields, ["source", "tenant"]));
      const { id = "" } = call.params;
      return json(200, options.dryRun === true ? view.event(await eventNamed(queue.inspect, id, choice)) : await revealEvent(queue, id, choice, options));
    }),
    actRoute(
      "/v1/tables/:name/reveal",
      "Shows the row with a key, an object of its fields or the value of its only one, with its personal data; recorded in the ledger.",
      { key: { type: ["string", "number", "object"] } },
      async (call) => {
        checkWhole(call.principal);
        const { options, fields } = await readAct(call, ["key"]);
        const { name = "" } = call.params;
        const table = app.topology.tables.get(name);
        if (table === undefined) throw new PulseQueueError("TABLE_UNKNOWN", "The app has no such table");
        const keys = [fields["key"] ?? null];
        return json(
          200,
          options.dryRun === true ? view.row(name, (await rowNamed(queue.inspect, table, keys)).row) : await revealRow(queue, table, keys, options),
        );
      },
    ),
    actRoute(
      "/v1/subjects/erase",
      "Makes the personal data of one person unreadable for good, in the store and in every backup; a count of 0: nothing of this person was encrypted.",
      { subject: text },
      async (call) => {
        checkWhole(call.principal);
        const { options, fields } = await readAct(call, ["subject"]);
        const { subject = "" } = textsOf(fields, ["subject"]);
        if (erase === undefined) throw new PulseQueueError("CAPABILITY_MISSING", "This server erases nothing");
        return json(200, await erase(checkIdentifier("subject", subject), options));
      },
    ),
  ];
}
