import { defineHandler, type HandlerDefinition } from "pulsequeue";
import { paymentLookupDue, paymentNotified } from "../events.ts";
import type { Policy } from "../policy.ts";
import type { PaymentProvider } from "../providers/port.ts";
import { ask, bookOutcome, loadOperation, lookLater, outcomeEmits, outcomeWrites, send } from "./operation-outcome.ts";

/**
 * Finds out what became of an operation by asking the provider about its key: after an unknown outcome, and whenever a
 * notification says that there is news. What the notification says is not believed: it may be late, repeated or forged.
 */
export const resolvePayment = (provider: PaymentProvider, policy: Policy): HandlerDefinition =>
  defineHandler("resolve-payment", {
    on: [paymentLookupDue, paymentNotified],
    writes: outcomeWrites,
    emits: outcomeEmits,
    // It asks for itself again while the outcome stays unknown. The questions of an operation end that long before this does.
    maxHops: 250,
    async handle(event, ctx) {
      const open = await loadOperation(ctx, event.data.operationKey);
      if (open === undefined) {
        ctx.log.warn("news about an operation that this shop did not ask for", { operation: event.data.operationKey });
        return;
      }
      const { operation, payment } = open;
      const notified = event.type === "payment.notified";
      if (operation.state === "succeeded" || (!notified && operation.state !== "unknown")) return;
      const known = await ask(ctx, provider, "lookup", open);
      if (known.outcome === "succeeded") {
        bookOutcome(ctx, policy, open, known);
        return;
      }
      if (payment.openOperation !== operation.key) return; // it ended without success, and that has been booked
      if (known.outcome === "declined" || known.outcome === "failed") bookOutcome(ctx, policy, open, known);
      else if (notified)
        return; // no news after all: the questions that are scheduled go on
      else if (known.outcome === "unknown" || operation.lookups >= policy.mostLookups)
        lookLater(ctx, policy, open, known.outcome === "unknown" ? known.reason : "the provider does not know it");
      else {
        // The provider never heard of the key: the same key may be sent again, and still charges once.
        ctx.tables.operations.put({ ...operation, state: "requested", lookups: operation.lookups + 1 });
        send(ctx, operation, policy.tryAgainAfter);
      }
    },
  });
