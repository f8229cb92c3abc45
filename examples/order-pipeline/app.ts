/**
 * The order pipeline: order → stock reservation → payment → confirmation, cancellation, expiry or refund.
 *
 * `createOrdersApp` takes the payment provider; the default export is the app with a simulated one, for a first run.
 */
import { defineApp, type App, type AppOptions } from "pulsequeue";
import { cancelOrder } from "./endpoints/cancel-order.ts";
import { getOrder } from "./endpoints/get-order.ts";
import { paymentWebhook } from "./endpoints/payment-webhook.ts";
import { placeOrder } from "./endpoints/place-order.ts";
import { receiveStock } from "./endpoints/receive-stock.ts";
import { refundOrder } from "./endpoints/refund-order.ts";
import { resumeOrder } from "./endpoints/resume-order.ts";
import { setProduct } from "./endpoints/set-product.ts";
import { announcements } from "./events.ts";
import { closeOrder } from "./handlers/close-order.ts";
import { closeUnpaid } from "./handlers/close-unpaid.ts";
import { confirmStock } from "./handlers/confirm-stock.ts";
import { expireHold } from "./handlers/expire-hold.ts";
import { keepStock } from "./handlers/keep-stock.ts";
import { resolvePayment } from "./handlers/resolve-payment.ts";
import { sendPayment } from "./handlers/send-payment.ts";
import { startPayment } from "./handlers/start-payment.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import type { PaymentProvider } from "./providers/port.ts";
import { simulatedProvider } from "./providers/simulated.ts";
import { sweepHolds } from "./schedules/sweep-holds.ts";
import { watchOrders } from "./schedules/watch-orders.ts";

export interface OrdersAppOptions {
  readonly provider: PaymentProvider;
  /** Times and bounds that differ from `defaultPolicy`. @default {} */
  readonly policy?: Partial<Policy>;
}

/** The pipeline over a payment provider. */
export function createOrdersApp(options: OrdersAppOptions): App<"orders"> {
  return defineApp("orders", declarations(options));
}

function declarations(options: OrdersAppOptions): AppOptions {
  const { provider } = options;
  const policy: Policy = { ...defaultPolicy, ...options.policy };
  return {
    endpoints: [placeOrder, getOrder, cancelOrder, paymentWebhook, refundOrder, resumeOrder, setProduct, receiveStock],
    handlers: [
      keepStock(policy),
      startPayment(policy),
      sendPayment(provider, policy),
      resolvePayment(provider, policy),
      confirmStock,
      closeUnpaid,
      closeOrder,
      expireHold,
    ],
    schedules: [sweepHolds, watchOrders(policy)],
    unhandled: announcements,
  };
}

export default defineApp("orders", declarations({ provider: simulatedProvider({ seed: 1, declines: 0.1, timeouts: 0.02 }) }));
