/** The process that is killed: the application on a file, told over IPC what to do. */
import { setTimeout } from "node:timers/promises";
import { isPulseQueueError, type EndpointDefinition, type InvokeRequest } from "pulsequeue";
import { openLocal, type FaultPoint, type LocalQueue, type Simulation } from "pulsequeue/local";
import { bump, createCrashApp, heal, reserve, type Charge } from "./app.ts";
import { counters, itemAdded, paymentDue, reminderDue, sequences, stepTaken, stock, stockArrived, taskGiven } from "./declarations.ts";
import type { Answer, EndpointName, EventName, Fact, FromServer, Request, ServerSettings, ToServer, Views } from "./protocol.ts";
import { clockBehind } from "./slow-clock.ts";
import { seededRandom } from "../../src/testing/random.ts";

const events = {
  "item.added": itemAdded,
  "step.taken": stepTaken,
  "task.given": taskGiven,
  "payment.due": paymentDue,
  "reminder.due": reminderDue,
  "stock.arrived": stockArrived,
} as const satisfies Record<EventName, unknown>;
const endpoints: Readonly<Record<EndpointName, EndpointDefinition>> = { bump, reserve, heal };
/** Share of settled deliveries that a simulated transport delivers once more. */
const duplicateShare = 0.1;

function tell(message: FromServer): void {
  if (process.connected) process.send?.(message);
}
const tellFact = (fact: Fact): void => tell({ type: "fact", fact });

const charging = new Map<number, (charge: Charge) => void>();
let lastCharge = 0;
const app = createCrashApp({
  charge: (key, event) =>
    new Promise((resolve) => {
      lastCharge += 1;
      charging.set(lastCharge, resolve);
      tell({ type: "charge", call: lastCharge, key, event });
    }),
  kept: (key, { call }) => tellFact({ type: "kept", key, call }),
  attempt: (handler, event, attempt) => tellFact({ type: "attempt", handler, event, attempt }),
  wait: (milliseconds) => setTimeout(milliseconds),
});

let settled = 0;
let patience = 0;
let queue: LocalQueue | undefined;
let closing: Promise<void> | undefined;

function fail(error: unknown): void {
  const code = isPulseQueueError(error) ? error.code : "INTERNAL";
  tell({ type: "died", code, message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exitCode = 1;
  if (process.connected) process.disconnect();
}

function simulation({ seed, duplicates, killAt }: ServerSettings): Simulation {
  const random = seededRandom(seed);
  let left = killAt?.time ?? 0;
  const at = (point: FaultPoint): void => {
    if (point !== killAt?.point) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  };
  return {
    ...(killAt === undefined ? {} : { at }),
    ...(duplicates ? { duplicate: () => random.chance(duplicateShare), reorder: (items) => [...items].sort(() => random() - 0.5) } : {}),
  };
}

async function open(settings: ServerSettings): Promise<void> {
  patience = settings.patience;
  queue = await openLocal(app, {
    file: settings.file,
    grace: "150ms",
    ...(settings.setBack > 0 ? { clock: clockBehind(settings.setBack) } : {}),
    observe(fact) {
      // Ticks come whether or not anything else moves.
      if (fact.type === "settled" && fact.handler !== "beat") settled += 1;
    },
    simulate: simulation(settings),
  });
  await queue.start();
  tell({ type: "ready", afterCrash: (await queue.facts()).afterCrash });
}

async function carryOut(open: LocalQueue, request: Request): Promise<Answer> {
  switch (request.do) {
    case "publish": {
      const { event, id, data, delay } = request;
      // The data was made for this very event; the schema checks it once more.
      return { receipts: [await open.publish(events[event], data as never, { id, ...(delay > 0 ? { delay } : {}) })] };
    }
    case "publish-many":
      return { receipts: await open.publishMany(itemAdded, request.data) };
    case "invoke": {
      const { body, key } = request;
      const { status, body: answer = null, replayed } = await open.invoke(endpoints[request.endpoint], { body, idempotencyKey: key } satisfies InvokeRequest);
      return { status, body: answer, replayed };
    }
    case "redrive": {
      const { eventId, reason } = request;
      return { count: (await open.operate.redrive({ eventId }, { reason })).count };
    }
    case "pause":
    case "resume":
      return { count: (await open.operate[request.do](request.handler, { reason: request.reason })).count };
    case "backup":
      await open.backup(request.target);
      return { count: 1 };
  }
}

/** Whether everything that can be done is done; `false` when nothing moves any more although something is left. */
async function drain(open: LocalQueue): Promise<boolean> {
  const rest = (): Promise<"idle"> => open.idle().then(() => "idle");
  let idle = rest();
  let before = settled;
  let movedAt = performance.now();
  for (;;) {
    const state = await Promise.race([idle, setTimeout(20, "busy" as const)]);
    if (state === "idle") {
      // What is due later is not waited for by `idle`, and may have become due since. What is parked now would be so for ever.
      const handlers = (await open.inspect.handlers()).filter(({ name }) => name !== "beat");
      if (handlers.every(({ counts }) => counts.scheduled + counts.ready + counts.running + counts.retrying === 0)) return true;
      await setTimeout(5);
      idle = rest();
    }
    if (settled !== before) movedAt = performance.now();
    before = settled;
    if (performance.now() - movedAt > patience) return false;
  }
}

async function views(open: LocalQueue): Promise<Views> {
  const atRest = await drain(open);
  const deadLetters = await open.inspect.deadLetters({ limit: 1_000 });
  return {
    atRest,
    verify: await open.verify(),
    deadLetters: deadLetters.map(({ eventId, handler, attempts, failure, event }) => ({
      eventId,
      handler,
      attempts,
      code: failure?.code ?? "",
      data: event.data,
    })),
    handlers: await open.inspect.handlers(),
    operations: await open.ledger.entries({ limit: 1_000 }),
    counters: await open.inspect.table(counters).all(),
    stock: await open.inspect.table(stock).all(),
    sequences: await open.inspect.table(sequences).all(),
  };
}

async function answer(call: number, request: Request): Promise<void> {
  try {
    if (queue === undefined || closing !== undefined) tell({ type: "failure", call, code: "QUEUE_CLOSED" });
    else tell({ type: "answer", call, answer: await carryOut(queue, request) });
  } catch (error) {
    if (!isPulseQueueError(error)) throw error;
    tell({ type: "failure", call, code: error.code });
  }
}

/** Everything the parent says; what goes wrong ends the process. */
async function obey(message: ToServer): Promise<void> {
  switch (message.type) {
    case "open":
      await open(message.settings);
      return;
    case "request":
      await answer(message.call, message.request);
      return;
    case "charged":
      charging.get(message.call)?.(message.charge);
      charging.delete(message.call);
      return;
    case "drain":
      if (queue !== undefined) tell({ type: "drained", views: await views(queue) });
  }
}

process.on("message", (message: ToServer) => {
  obey(message).catch(fail);
});
process.on("SIGTERM", () => {
  closing ??= (queue?.close() ?? Promise.resolve()).then(() => process.disconnect(), fail);
});
process.on("SIGINT", () => undefined); // Ctrl-C reaches both processes: the parent decides
process.on("uncaughtException", fail);
process.on("disconnect", () => {
  // The parent is gone, or all is said; an open file needs no farewell.
  process.exit();
});
tell({ type: "booted" });
