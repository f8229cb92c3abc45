/**
 * Waits until nothing is left to do. Nobody tells when the last function has ended, so it looks: once at once, then each second,
 * less often while everything that is left waits for another attempt. For scripts and tests: each look reads what is not finished.
 */
import type { System } from "../../../core/ports.ts";
import type { Topology } from "../../../core/topology.ts";
import { pausedHandlers } from "./handler-states.ts";
import { takeSnapshot, type SnapshotOptions } from "./snapshot.ts";
import type { SystemTable } from "./system-table.ts";

export interface IdleOptions extends SnapshotOptions {
  readonly topology: Topology;
  readonly systemTable: SystemTable;
}

const interval = 1_000;
const longest = 60_000;
/** The newest events that are looked at. */
const mostEvents = 10_000;

/** `assertOpen` throws where nobody may wait any more. */
export async function untilIdle(options: IdleOptions, assertOpen: () => void): Promise<void> {
  for (let wait = await nextLook(options); wait !== undefined; wait = await nextLook(options)) {
    await sleep(options.system, wait);
    assertOpen();
  }
}

/** Milliseconds after which to look again; `undefined`: nothing is left. */
async function nextLook({ topology, systemTable, ...options }: IdleOptions): Promise<number | undefined> {
  const snapshot = takeSnapshot(options, mostEvents);
  const paused = await pausedHandlers(systemTable);
  const now = options.system.clock.now();
  let wait: number | undefined;
  for (const handler of topology.handlers.values()) {
    if (paused.has(handler.name)) continue;
    for (const { facts } of (await snapshot.of(handler)).deliveries) {
      if (facts.state === "dead" || facts.state === "scheduled") continue;
      // Nothing can come of what waits before its time; what is behind it in its key waits as long.
      const due = facts.state === "retrying" ? (facts.dueAt ?? now) - now : facts.state === "parked" ? longest : 0;
      wait = Math.min(wait ?? longest, Math.max(interval, due));
    }
  }
  return wait;
}

function sleep({ clock }: System, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void clock.timer(milliseconds, resolve));
}
