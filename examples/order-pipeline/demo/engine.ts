/** The engine's process of the demonstration: told over IPC what to do, killed without a warning. */
import { setTimeout } from "node:timers/promises";
import { isPulseQueueError, type InvokeResponse } from "pulsequeue";
import { orderPlaced, paymentCaptured } from "../events.ts";
import { hasEnded } from "../order.ts";
import { fileBook } from "../providers/book.ts";
import { orders } from "../tables.ts";
import { AnswerLost, deliverNotifications, demoApp, endpoints, type DemoEngine, type Observer } from "./demo-engine.ts";
import { openLocalEngine } from "./local-engine.ts";
import { measureQueue } from "./measure.ts";
import type { Command, EndpointName, EngineSettings, Message, Rest } from "./protocol.ts";
import { openSimulatedAws } from "./simulated-aws.ts";

const progressInterval = 25;

const settings = JSON.parse(process.argv[2] ?? "{}") as EngineSettings;
// The provider is another company: its book is not in our file, and what it did stays done when our process dies.
const book = fileBook(settings.providerFile);
const { app, provider } = demoApp(settings, book);
let decided = 0;
let confirmed = 0;

const observe: Observer = (fact) => {
  if (fact.type !== "settled") return;
  if (fact.handler === "keep-stock" && fact.event === orderPlaced.name) decided += 1;
  if (fact.handler === "keep-stock" && fact.event === paymentCaptured.name) confirmed += 1;
};
const engine: DemoEngine = await (settings.engine === "local" ? openLocalEngine : openSimulatedAws)({ app, settings, observe });

function tell(message: Message): void {
  // Where the demonstration has gone meanwhile, `disconnect` ends this process.
  process.send?.(message, () => undefined);
}

async function invoke(endpoint: EndpointName, request: Extract<Command, { type: "invoke" }>["request"]): Promise<InvokeResponse | "lost"> {
  try {
    return await engine.invoke(endpoints[endpoint], request);
  } catch (error) {
    if (error instanceof AnswerLost) return "lost";
    // Too much waits to be stored, or the queue is closing: the caller comes again.
    if (isPulseQueueError(error)) return { status: error.status, body: { code: error.code }, headers: {}, replayed: false };
    throw error;
  }
}

/** Waits until every order has ended and nothing is left to do. */
async function rest(): Promise<Rest> {
  await engine.settle(() => deliverNotifications(engine, provider));
  const isOpen = (await allOrders()).some((order) => !hasEnded(order.state));
  const deadLetters = (await engine.ask(({ inspect }) => inspect.deadLetters({ limit: 1_000 }))).length;
  return { atRest: !isOpen, deadLetters };
}

function allOrders() {
  return engine.ask(({ inspect }) => inspect.table(orders).all());
}

async function obey(command: Command): Promise<void> {
  const { id } = command;
  switch (command.type) {
    case "invoke": {
      const answer = await invoke(command.endpoint, command.request);
      tell(answer === "lost" ? { type: "lost", id } : { type: "answer", id, answer });
      return;
    }
    case "rest":
      tell({ type: "answer", id, answer: await rest() });
      return;
    case "confirmed":
      tell({ type: "answer", id, answer: (await allOrders()).filter((order) => order.state === "CONFIRMED").map((order) => order.id) });
      return;
    case "kill":
      engine.kill();
      tell({ type: "answer", id, answer: undefined });
      return;
    case "measure":
      tell({ type: "answer", id, answer: await engine.ask((queue) => measureQueue(queue, book, { ...command.history, placed: new Set(command.placed) })) });
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
  void engine.close().finally(() => process.exit(0));
});

tell({ type: "ready" });
const beat = (): void => {
  tell({ type: "progress", decided, confirmed });
  deliverNotifications(engine, provider).then(() => setTimeout(progressInterval).then(beat), fail);
};
beat();
