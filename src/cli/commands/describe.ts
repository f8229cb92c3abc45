import type { DeliveryView } from "../../core/queue.ts";
import { printable, type Paint } from "../output/text.ts";
import { when } from "../output/time.ts";

const colours = { done: "green", dead: "red", retrying: "yellow", parked: "yellow", running: "cyan" } as const;

/** A state in its colour. */
export function paintState(state: string, paint: Paint): string {
  return state in colours ? paint(colours[state as keyof typeof colours], state) : state;
}

/** One delivery on one line: where it stands, after how many attempts, what it wrote, and why it is not done. */
export function describeDelivery(delivery: DeliveryView, now: number, paint: Paint): string {
  const { handler, state, attempts, milliseconds, wrote, failure, reason, dueAt, redrives, replay } = delivery;
  const parts = [
    `${handler}: ${paintState(state, paint)}`,
    ...(milliseconds === undefined ? [] : [`in ${String(Math.round(milliseconds * 10) / 10)} ms`]),
    ...(attempts > 1 ? [`attempt ${String(attempts)}`] : []),
    ...(redrives > 0 ? [`redriven ${String(redrives)} times`] : []),
    ...(replay ? ["replay"] : []),
    ...(wrote.length === 0 ? [] : [`wrote ${wrote.map(printable).join(", ")}`]),
    ...(dueAt === undefined ? [] : [`due ${when(dueAt, now)}`]),
    ...(failure === undefined ? [] : [`${failure.code}: ${printable(failure.message)}`]),
    ...(state === "done" || failure !== undefined ? [] : [printable(reason)]),
  ];
  return parts.join(", ");
}
