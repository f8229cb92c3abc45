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

/**
 * `assertOpen` throws where nobody may wait any more. One look is not of one moment: what it finds done may have emitted what its list
 * of events does not have yet. So nothing is left only where the next look has the same list, and finds nothing either.
 */
export async function untilIdle(options: IdleOptions, assertOpen: () => void): Promise<void> {
  for (let before: Look | undefined; ;) {
    const look = await lookAround(options);
    if (look.wait === undefined && before?.wait === undefined && before?.events === look.events) return;
    before = look;
    if (look.wait !== undefined) await sleep(options.system, look.wait);
    assertOpen();
  }
}

interface Look {
  /** Milliseconds after which to look again; `undefined`: nothing is left. */
  readonly wait: number | undefined;
  /** How many events it knew of. */
  readonly events: number;
}

async function lookAround({ topology, systemTable, ...options }: IdleOptions): Promise<Look> {
  const snapshot = takeSnapshot(options, mostEvents);
  const paused = await pausedHandlers(systemTable);
  const now = options.system.clock.now();
  const events = await snapshot.events();
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
  return { wait, events };
}

function sleep({ clock }: System, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void clock.timer(milliseconds, resolve));
}
