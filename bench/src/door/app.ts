import { setTimeout } from "node:timers/promises";
import { defineApp, defineHandler, type App } from "pulsequeue";
import type { Job } from "../job.ts";
import { ordered } from "../peers/pulsequeue.ts";

export interface DoorApp {
  readonly app: App;
  readonly handled: () => number;
}

/** One handler that waits so long for each event, as if it called somebody, and takes one after the other. */
export function doorApp(handlerMilliseconds: number): DoorApp {
  let handled = 0;
  const handler = defineHandler("take-time", {
    on: ordered,
    concurrency: 1,
    async handle() {
      await setTimeout(handlerMilliseconds);
      handled += 1;
    },
  });
  return { app: defineApp("bench", { handlers: [handler] }), handled: () => handled };
}

export const source = "https://bench.example";

/** A job as a CloudEvent, as JSON. */
export function eventText(id: string, data: Job): string {
  return JSON.stringify({ specversion: "1.0", type: ordered.name, source, id, data });
}
