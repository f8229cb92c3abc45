/** Turns the ticks of schedules into events. The tick and the note of it are one commit, and the event's id is the tick: so each happens once. */
import { nextTick } from "../../core/schedule.ts";
import { newEvent } from "../../core/new-event.ts";
import type { System } from "../../core/ports.ts";
import type { ScheduleNode, Topology } from "../../core/topology.ts";
import type { NewEvent } from "../../core/envelope.ts";
import type { Committer } from "./committer.ts";
import type { Journal } from "./journal.ts";
import type { HandlerStatements } from "./statements/handlers.ts";

export interface SchedulerOptions {
  readonly system: System;
  readonly topology: Topology;
  readonly committer: Committer;
  readonly journal: Journal;
  readonly handlers: HandlerStatements;
  readonly wake: (events: readonly NewEvent[]) => void;
}

export interface Scheduler {
  start(): void;
  stop(): void;
}

/** Ticks looked through at most to find the latest one that was missed. */
const maxMissed = 10_000;
const retryDelay = 1_000;

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { system, topology, committer, journal, handlers } = options;
  const timers = new Map<string, () => void>();
  let running = false;

  /** The latest tick after `last` that is due, or the next one. */
  const pending = (node: ScheduleNode, last: number, now: number): number | undefined => {
    let tick = nextTick(node.schedule, last);
    for (let missed = 0; tick !== undefined && missed < maxMissed; missed += 1) {
      const next = nextTick(node.schedule, tick);
      if (next === undefined || next > now) break;
      tick = next;
    }
    return tick;
  };

  const arm = (node: ScheduleNode): void => {
    const { name } = node.schedule;
    if (!running) return;
    const now = system.clock.now();
    const last = handlers.lastTick(name);
    const tick = pending(node, last ?? now, now);
    if (last === undefined)
      void committer
        .submit({
          kind: "append",
          bytes: 0,
          apply: () => {
            handlers.setTick(name, now);
          },
        })
        .catch(() => undefined);
    if (tick === undefined) return;
    const cancel = system.clock.timer(Math.max(0, tick - now), () => {
      fire(node, tick);
    });
    timers.set(name, cancel);
  };

  const fire = (node: ScheduleNode, tick: number): void => {
    const { name } = node.schedule;
    const scheduledAt = new Date(tick).toISOString();
    const event = newEvent(system, node.tick, { scheduledAt }, { source: topology.app, id: `${name}/${scheduledAt}` }, undefined);
    let isNew = false;
    const written = committer.submit({
      kind: "append",
      bytes: 0,
      apply() {
        handlers.setTick(name, tick);
        isNew = ((result) => "receipt" in result && !result.receipt.duplicate)(journal.append(event));
      },
      confirm() {
        journal.confirm();
        if (isNew) event.sent?.();
        options.wake([event]);
      },
      revert() {
        journal.revert();
      },
    });
    written.then(
      () => {
        arm(node);
      },
      () => {
        if (running && committer.failure === undefined)
          timers.set(
            name,
            system.clock.timer(retryDelay, () => {
              arm(node);
            }),
          );
      },
    );
  };

  return {
    start() {
      running = true;
      for (const node of topology.schedules.values()) arm(node);
    },
    stop() {
      running = false;
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
}
