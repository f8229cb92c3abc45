/** One call of `PutEvents` takes many entries, and IAM sees all of their sources and detail types at once: it allows or denies the call as a whole. */
import { PulseQueueError } from "../../core/errors.ts";
import { evaluate } from "./evaluate.ts";
import type { Answer, Policies, Request } from "./types.ts";

export interface EventEntry {
  readonly source: string;
  readonly detailType: string;
}

/** The answer for the whole call. Throws `IAM_REQUEST_INVALID` for a call without entries, and where `evaluate` does. */
export function evaluatePutEvents(request: Omit<Request, "action">, entries: readonly EventEntry[], policies: Policies): Answer {
  if (entries.length === 0) throw new PulseQueueError("IAM_REQUEST_INVALID", "PutEvents needs at least one entry");
  const context = {
    ...request.context,
    "events:source": [...new Set(entries.map(({ source }) => source))],
    "events:detail-type": [...new Set(entries.map(({ detailType }) => detailType))],
  };
  return evaluate({ ...request, action: "events:PutEvents", context }, policies);
}
