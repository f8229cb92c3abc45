/** What operators do. Every act needs a reason, may be tried with `dryRun`, and is recorded with who did it. */
import { PulseQueueError } from "../../core/errors.ts";
import type { OperationOptions, OperationResult } from "../../core/operation.ts";
import type { Principal } from "../../core/principal.ts";
import type { DeadLetterFilter, Queue } from "../../core/queue.ts";
import type { Json } from "../../core/json.ts";
import type { Route } from "../call.ts";
import type { BackupResult } from "../options.ts";
import { json } from "../respond.ts";
import { actRoute, objectOf, readAct, textsOf, timeOf, type Fields } from "./act.ts";
import { checkWhole, choiceOf, deliveryIdOf, tenantOf } from "./view.ts";

export interface OperateRouteOptions {
  readonly queue: Queue;
  readonly backup: ((options: OperationOptions) => Promise<BackupResult>) | undefined;
}

export function operateRoutes(options: OperateRouteOptions): readonly Route[] {
  return [...deadLetterRoutes(options), ...handlerRoutes(options), backupRoute(options)];
}

const filterNames = ["id", "handler", "eventId", "source", "tenant", "eventType", "key", "code"] as const;
const text: Json = { type: "string", maxLength: 256 };
const filterSchema: Json = {
  type: "object",
  additionalProperties: false,
  properties: { ...Object.fromEntries(filterNames.map((name) => [name, text])), all: { const: true }, limit: { type: "integer", minimum: 1 } },
};

function filterOf(value: Json | undefined, principal: Principal): DeadLetterFilter {
  const fields: Fields = objectOf(value, [...filterNames, "all", "limit"]);
  const { all, limit } = fields;
  if (all !== undefined && all !== true) throw new PulseQueueError("REQUEST_INVALID", "all must be true where it is given");
  if (limit !== undefined && (typeof limit !== "number" || !Number.isInteger(limit) || limit < 1))
    throw new PulseQueueError("REQUEST_INVALID", "limit must be a whole number above 0");
  const texts = textsOf(fields, filterNames);
  return { ...texts, ...(all === true ? { all } : {}), ...(limit === undefined ? {} : { limit }), ...choiceOf(principal, texts) };
}

function deadLetterRoutes({ queue }: OperateRouteOptions): readonly Route[] {
  const act = (name: "redrive" | "discard", summary: string): readonly Route[] => [
    actRoute(`/v1/dead-letters/${name}`, `${summary} of all dead letters that the filter names.`, { filter: filterSchema }, async (call) => {
      const { options, fields } = await readAct(call, ["filter"]);
      return json(200, await queue.operate[name](filterOf(fields["filter"], call.principal), options));
    }),
    actRoute(`/v1/dead-letters/:id/${name}`, `${summary} of one dead letter; its id with ~ for /.`, {}, async (call) => {
      const { options } = await readAct(call);
      const result = await queue.operate[name]({ id: deliveryIdOf(call.params["id"] ?? ""), ...tenantOf(call.principal) }, options);
      if (result.count === 0) throw new PulseQueueError("NOT_FOUND", "There is no such dead letter");
      return json(200, result);
    }),
  ];
  return [...act("redrive", "Starts a new series of attempts"), ...act("discard", "Ends, without effects, the delivery")];
}

function handlerRoutes({ queue }: OperateRouteOptions): readonly Route[] {
  const act = (name: "pause" | "resume", summary: string): Route =>
    actRoute(`/v1/handlers/:name/${name}`, summary, {}, async (call) => {
      checkWhole(call.principal);
      const { options } = await readAct(call);
      return json(200, await queue.operate[name](call.params["name"] ?? "", options));
    });
  return [
    act("pause", "The handler starts nothing more; its events are kept."),
    act("resume", "The handler goes on."),
    actRoute("/v1/handlers/:name/replay", "Delivers past events once more to the handler.", { from: {}, to: {} }, async (call) => {
      checkWhole(call.principal);
      const { options, fields } = await readAct(call, ["from", "to"]);
      const { from = null, to = null } = fields;
      const result: OperationResult = await queue.operate.replay({
        ...options,
        handler: call.params["name"] ?? "",
        from: timeOf("from", from),
        to: timeOf("to", to),
      });
      return json(200, result);
    }),
  ];
}

function backupRoute({ backup }: OperateRouteOptions): Route {
  return actRoute("/v1/backup", "Copies the store, while it is in use, to where the server keeps backups.", {}, async (call) => {
    checkWhole(call.principal);
    const { options } = await readAct(call);
    if (backup === undefined) throw new PulseQueueError("CAPABILITY_MISSING", "This server makes no backups");
    return json(200, options.dryRun === true ? { dryRun: true } : { ...(await backup(options)), dryRun: false });
  });
}
