/** The embedded engine on a file: it dies with the demonstration's engine process. */
import { setTimeout } from "node:timers/promises";
import { openLocal } from "pulsequeue/local";
import { hasOpenOrders, type DemoEngine, type EngineOptions } from "./demo-engine.ts";
import { demoSecrets } from "./secrets.ts";

/** How long nothing may move before an order that has not ended counts as stuck. */
const patience = 15_000;
const pause = 20;

export async function openLocalEngine({ app, settings, observe }: EngineOptions): Promise<DemoEngine> {
  let moves = 0;
  const queue = await openLocal(app, {
    file: settings.file,
    secrets: demoSecrets,
    observe: (fact) => {
      if (fact.type === "settled") moves += 1;
      observe(fact);
    },
  });
  await queue.start();
  return {
    invoke: (endpoint, request) => queue.invoke(endpoint, request),
    ask: (question) => question(queue),
    async settle(deliverNotifications) {
      let quietSince = performance.now();
      for (let seen = -1; ;) {
        await deliverNotifications();
        await queue.idle();
        if (moves !== seen) quietSince = performance.now();
        seen = moves;
        if (!(await hasOpenOrders(queue)) || performance.now() - quietSince > patience) return;
        await setTimeout(pause);
      }
    },
    kill: () => process.kill(process.pid, "SIGKILL"),
    close: () => queue.close(),
  };
}
