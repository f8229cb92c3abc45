/** The engine's process of the demonstration: the app on a file, told over IPC what to do, killed without a warning. */
import { setTimeout } from "node:timers/promises";
import { isPulseQueueError, type EndpointDefinition, type InvokeResponse } from "pulsequeue";
import { openLocal } from "pulsequeue/local";
import { createOrdersApp } from "../app.ts";
import { cancelOrder } from "../endpoints/cancel-order.ts";
import { demoSecrets } from "./secrets.ts";
import { paymentWebhook } from "../endpoints/payment-webhook.ts";
import { placeOrder } from "../endpoints/place-order.ts";
import { receiveStock } from "../endpoints/receive-stock.ts";
import { refundOrder } from "../endpoints/refund-order.ts";
import { setProduct } from "../endpoints/set-product.ts";
import { orderPlaced, paymentCaptured } from "../events.ts";
import { hasEnded } from "../order.ts";
import { fileBook } from "../providers/book.ts";
import { simulatedProvider } from "../providers/simulated.ts";
import { orders } from "../tables.ts";
import type { Command, EndpointName, EngineSettings, Message, Rest } from "./protocol.ts";

/** How long nothing may move before an order that has not ended counts as stuck. */
const patience = 15_000;
const progressInterval = 25;
/** Share of payment methods that capture with the authorization. */
const immediate = 0.1;

const endpoints: Readonly<Record<EndpointName, EndpointDefinition>> = {
  "place-order": placeOrder,
  "cancel-order": cancelOrder,
  "refund-order": refundOrder,
  "set-product": setProduct,
  "receive-stock": receiveStock,
};

const settings = JSON.parse(process.argv[2] ?? "{}") as EngineSettings;
const { seed, declines, timeouts, duplicates } = settings;
// The provider is another company: its book is not in our file, and what it did stays done when our process dies.
const book = fileBook(settings.providerFile);
const provider = simulatedProvider({ seed, declines, timeouts, duplicates, immediate, book });
const app = createOrdersApp({ provider, policy: { lookupAfter: 100, tryAgainAfter: 100 } });
let decided = 0;
let confirmed = 0;
let moves = 0;

const queue = await openLocal(app, {
  file: settings.file,
  secrets: demoSecrets,
  observe(fact) {
    if (fact.type !== "settled") return;
    moves += 1;
    if (fact.handler === "keep-stock" && fact.event === orderPlaced.name) decided += 1;
    if (fact.handler === "keep-stock" && fact.event === paymentCaptured.name) confirmed += 1;
  },
});

function tell(message: Message): void {
  // Where the demonstration has gone meanwhile, `disconnect` ends this process.
  process.send?.(message, () => undefined);
}

async function invoke(endpoint: EndpointName, request: Extract<Command, { type: "invoke" }>["request"]): Promise<InvokeResponse> {
  try {
    return await queue.invoke(endpoints[endpoint], request);
  } catch (error) {
    // Too much waits to be stored, or the queue is closing: the caller comes again.
    if (isPulseQueueError(error)) return { status: error.status, body: { code: error.code }, headers: {}, replayed: false };
    throw error;
  }
}

async function deliverNotifications(): Promise<void> {
  for (const notification of provider.takeNotifications()) await queue.invoke(paymentWebhook, { body: notification, principal: provider.name });
}

/** Waits until every order has ended and nothing is left to do. */
async function rest(): Promise<Rest> {
  let quietSince = performance.now();
  for (let seen = -1; ;) {
    await deliverNotifications();
    await queue.idle();
    const waiting = await Promise.all(
      ["send-payment", "resolve-payment"].map((handler) => queue.inspect.deliveries({ handler, state: "scheduled", limit: 1 })),
    );
    const isOpen = waiting.flat().length > 0 || (await queue.inspect.table(orders).all()).some((order) => !hasEnded(order.state));
    if (moves !== seen) quietSince = performance.now();
    seen = moves;
    const deadLetters = (await queue.inspect.deadLetters({ limit: 1_000 })).length;
    if (!isOpen) return { atRest: true, deadLetters };
    if (performance.now() - quietSince > patience) return { atRest: false, deadLetters };
    await setTimeout(20);
  }
}

async function confirmedOrders(): Promise<readonly string[]> {
  return (await queue.inspect.table(orders).all()).filter((order) => order.state === "CONFIRMED").map((order) => order.id);
}

async function obey(command: Command): Promise<void> {
  const { id } = command;
  switch (command.type) {
    case "invoke":
      tell({ type: "answer", id, answer: await invoke(command.endpoint, command.request) });
      return;
    case "rest":
      tell({ type: "answer", id, answer: await rest() });
      return;
    case "confirmed":
      tell({ type: "answer", id, answer: await confirmedOrders() });
  }
}

function fail(error: unknown): void {
  tell({ type: "failed", message: error instanceof Error ? (error.stack ?? error.message) : "not an error was thrown" });
}

process.on("message", (command: Command) => {
  obey(command).catch(fail);
});
// Ctrl-C reaches both processes: the demonstration decides.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => {
  void queue.close().finally(() => process.exit(0));
});

await queue.start();
tell({ type: "ready" });
const beat = (): void => {
  tell({ type: "progress", decided, confirmed });
  deliverNotifications().then(() => setTimeout(progressInterval).then(beat), fail);
};
beat();
