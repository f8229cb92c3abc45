import { defineEndpoint, defineSecret } from "pulsequeue";
import * as z from "zod";
import { paymentNotified } from "../events.ts";
import { orderOfKey } from "../payment.ts";
import { readNotification } from "../providers/notification.ts";

/** What the payment provider signs with; the old and the new one while it is rotated. */
export const paymentsWebhookSecret = defineSecret("payments-webhook");

/**
 * Takes notifications of the payment provider: stored first, looked into later. One that arrives twice is stored once, since
 * its id is the event's; one of an unknown kind is accepted and counted, so that the provider stops sending it.
 */
export const paymentWebhook = defineEndpoint("payment-webhook", {
  method: "POST",
  path: "/webhooks/payments",
  auth: "webhook",
  webhook: { scheme: "stripe", secret: paymentsWebhookSecret },
  output: z.strictObject({ used: z.boolean() }),
  emits: [paymentNotified],
  handle({ input }, ctx) {
    const notification = readNotification(input);
    const orderId = notification === undefined ? undefined : orderOfKey(notification.operationKey);
    if (notification === undefined || orderId === undefined) {
      ctx.log.info("a notification that says nothing about an operation of this shop");
      return { body: { used: false } };
    }
    const { notificationId, operationKey } = notification;
    ctx.emit(paymentNotified, { orderId, operationKey, notificationId }, { id: `notification:${notificationId}:${operationKey}` });
    return { body: { used: true } };
  },
});
