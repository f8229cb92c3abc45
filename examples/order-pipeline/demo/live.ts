/** `npm start`: the pipeline live, with a trickle of orders, until Ctrl-C. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Command } from "commander";
import { roles } from "pulsequeue";
import { createAuthenticator, createHttpApp, serve } from "pulsequeue/http";
import { openLocal, type LocalOptions, type LocalQueue } from "pulsequeue/local";
import { createMetrics } from "pulsequeue/observe";
import { createOrdersApp } from "../app.ts";
import { cancelOrder } from "../endpoints/cancel-order.ts";
import { paymentWebhook } from "../endpoints/payment-webhook.ts";
import { placeOrder } from "../endpoints/place-order.ts";
import { receiveStock } from "../endpoints/receive-stock.ts";
import { setProduct } from "../endpoints/set-product.ts";
import { formatMoney } from "../money.ts";
import { fileBook } from "../providers/book.ts";
import { simulatedProvider, type SimulatedProvider } from "../providers/simulated.ts";
import { orders, stock } from "../tables.ts";
import { exitUsage, percent, whole } from "./options.ts";
import { demoSecrets } from "./secrets.ts";
import { happens, orderIdOf, orderOf, priceOf, skuOf, storefront } from "./shop.ts";

interface LiveOptions {
  readonly file: string;
  readonly port: number;
  /** Orders per minute. */
  readonly rate: number;
  readonly cancels: number;
}

const skus = 5;
const unitsPerDelivery = 25;
/** Goods are ordered again when fewer are available. */
const reorderBelow = 5;
const declines = 0.1;
const timeouts = 0.05;
const duplicates = 0.2;
/** How often the shop looks at what has happened, milliseconds. */
const beat = 200;

function readOptions(): LiveOptions {
  return new Command("start")
    .description("The order pipeline live, with a trickle of orders, until Ctrl-C. Started again on the same file it goes on where it was.")
    .option("--file <path>", "database file", ".pulsequeue/orders.db")
    .option("--port <n>", "port of the HTTP server", whole(0, 65_535), 8080)
    .option("--rate <n>", "orders per minute that buyers place by themselves", whole(0, 60_000), 60)
    .option("--cancels <percent>", "orders that their buyer cancels", percent, 5)
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : exitUsage);
    })
    .parse()
    .opts<LiveOptions>();
}

/** Offers the products, and has goods delivered where few are left. */
async function restock(queue: LocalQueue): Promise<void> {
  for (let index = 0; index < skus; index += 1) {
    const sku = skuOf(index);
    const row = await queue.inspect.table(stock).get(sku);
    if (row !== undefined && row.onHand - row.reserved >= reorderBelow) continue;
    if (row === undefined)
      await queue.invoke(setProduct, {
        params: { sku },
        principal: "operator",
        body: { name: `Product ${String(index + 1)}`, unitPrice: priceOf(index), currency: "EUR" },
      });
    // Named after what was there: asked twice in one moment, the goods come once.
    const receiptId = `after-${String(row?.version ?? 0)}`;
    await queue.invoke(receiveStock, { params: { sku }, principal: "operator", body: { receiptId, quantity: unitsPerDelivery } });
    console.log(`${stamp()}  ${sku}  +${String(unitsPerDelivery)} units delivered`);
  }
}

/** Prints what became of orders since the journal position `after`; answers the new position. */
async function narrate(queue: LocalQueue, after: number): Promise<number> {
  const events = await queue.inspect.events({ after, limit: 1_000 });
  for (const { type, key = "" } of events) {
    if (!/^order\.(?:placed|confirmed|cancelled|expired|refunded|needs-attention)$/.test(type)) continue;
    const order = type === "order.placed" ? undefined : await queue.inspect.table(orders).get(key);
    const why = order === undefined ? "" : order.detail === "" ? formatMoney(order.total, order.currency) : order.detail;
    console.log(`${stamp()}  ${key}  ${type.slice("order.".length).padEnd(15)}  ${why}`.trimEnd());
  }
  return events.at(-1)?.sequence ?? after;
}

function stamp(): string {
  return new Date().toISOString().slice(11, 19);
}

/** Places orders at the given rate until `signal` aborts. */
async function trickle(queue: LocalQueue, { rate, cancels }: LiveOptions, signal: AbortSignal): Promise<number> {
  if (rate === 0) return 0;
  // Each run has buyers of its own, so that their order ids are new.
  const seed = Math.floor(Date.now() / 1_000);
  let placed = 0;
  for (; !signal.aborted; placed += 1) {
    const answer = await queue.invoke(placeOrder, orderOf({ seed, skus }, placed));
    if (answer.status >= 400) console.log(`${stamp()}  refused: ${JSON.stringify(answer.body)}`);
    if (happens(cancels, seed, "cancel", placed)) await queue.invoke(cancelOrder, { params: { id: orderIdOf(seed, placed) }, principal: storefront });
    await pause(60_000 / rate, signal);
  }
  return placed;
}

async function watch(queue: LocalQueue, provider: SimulatedProvider, signal: AbortSignal): Promise<void> {
  let position = (await queue.facts()).head;
  const look = async (): Promise<void> => {
    for (const notification of provider.takeNotifications()) await queue.invoke(paymentWebhook, { body: notification, principal: provider.name });
    position = await narrate(queue, position);
  };
  while (!signal.aborted) {
    await look();
    await restock(queue);
    await pause(beat, signal);
  }
  await queue.idle();
  await look();
}

/** A key that may do everything, made once and kept where only this user reads it. Answers the path. */
async function keep({ keys }: LocalQueue, path: string): Promise<string> {
  if (existsSync(path)) return path;
  const scope = { roles, events: "*", endpoints: "*" } as const;
  const { token } = await keys.create({ name: "npm start", scope }, { reason: "first start", by: "npm start" });
  writeFileSync(path, `${token ?? ""}\n`, { mode: 0o600 });
  return path;
}

type Observer = NonNullable<LocalOptions["observe"]>;

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => undefined);
}

const options = readOptions();
const file = resolve(options.file);
mkdirSync(dirname(file), { recursive: true });
const book = fileBook(`${file}.provider`);
const provider = simulatedProvider({ seed: 1, declines, timeouts, duplicates, book });
const stop = new AbortController();
const app = createOrdersApp({ provider });
const observers = new Set<Observer>();
const observe: Observer = (fact) => {
  for (const observer of observers) observer(fact);
};
const queue = await openLocal(app, { file, secrets: demoSecrets, observe });
const metrics = createMetrics({
  topology: app.topology,
  handlers: () => queue.inspect.handlers(),
  auditChain: async () => (await queue.ledger.verify()).ok,
  monotonic: () => performance.now(),
});
observers.add(metrics.observe);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    stop.abort();
  });
}
const keyFile = await keep(queue, `${file}.key`);
const authenticator = createAuthenticator({
  keys: queue.keys,
  clock: Date,
  topology: app.topology,
  webhooks: { secret: demoSecrets, nonces: queue.nonces },
});
const http = createHttpApp({
  app,
  queue,
  authenticator,
  observe,
  readiness: () => queue.readiness(),
  metrics: metrics.scrape,
  listen(observer) {
    observers.add(observer);
    return () => observers.delete(observer);
  },
});
const door = await serve(http, { port: options.port, hasCredentials: true });
await queue.start();
await restock(queue);
console.log(`Orders flow through ${file}; ${door.url} answers to the key in ${keyFile}; Ctrl-C ends it.`);
const [placed] = await Promise.all([trickle(queue, options, stop.signal), watch(queue, provider, stop.signal)]);
await door.close();
await queue.close();
book.close();
console.log(`\nClosed after ${String(placed)} orders. Started again on this file it goes on where it was.`);
