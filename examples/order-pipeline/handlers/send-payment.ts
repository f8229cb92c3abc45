import { defineHandler, type HandlerDefinition } from "pulsequeue";
import { paymentRequested } from "../events.ts";
import { resumed } from "../order.ts";
import type { Policy } from "../policy.ts";
import type { PaymentProvider } from "../providers/port.ts";
import { abandon, ask, bookOutcome, lookLater, loadOperation, outcomeEmits, outcomeWrites, type OpenOperation } from "./operation-outcome.ts";

/**
 * Sends a recorded operation to the provider and books the answer. Sent again after a crash it has the same key, so the
 * provider does it once.
 */
export const sendPayment = (provider: PaymentProvider, policy: Policy): HandlerDefinition =>
  defineHandler("send-payment", {
    on: paymentRequested,
    writes: outcomeWrites,
    emits: outcomeEmits,
    // It asks for itself again after a known failure. The rounds of an operation end that long before this does.
    maxHops: 250,
    async handle(event, ctx) {
      const open = await loadOperation(ctx, event.data.operationKey);
      if (open?.operation.state !== "requested") return;
      if (isUnwanted(open)) {
        // An attempt before this one may have sent it and died: only the provider knows.
        const known = await ask(ctx, provider, "lookup", open);
        if (known.outcome === "absent") abandon(ctx, open);
        else bookOutcome(ctx, policy, open, known);
        return;
      }
      const result = await ask(ctx, provider, "send", open);
      if (result.outcome === "absent") lookLater(ctx, policy, open, "the provider answered nonsense");
      else bookOutcome(ctx, policy, open, result);
    },
  });

/** Whether the order was closed between the request and now: then nothing more is taken from the customer. */
function isUnwanted({ operation, order }: OpenOperation): boolean {
  const { state } = resumed(order);
  const takes = operation.kind === "authorize" || operation.kind === "capture";
  return takes && state !== "RESERVED" && state !== "CAPTURING";
}
