import { Gauge, type Registry } from "prom-client";
import type { HandlerView } from "../core/queue.ts";

/** Where gauges are read from. */
export interface GaugeSource {
  readonly handlers: () => Promise<readonly HandlerView[]>;
  readonly auditChain: () => Promise<boolean>;
  readonly monotonic: () => number;
}

export interface Gauges {
  /** Reads the queue once. Calls at the same time share one reading. Never rejects. */
  refresh(): Promise<void>;
}

/** Walking the whole ledger at each scrape would cost more than everything else here, milliseconds. */
const auditInterval = 60_000;

export function createGauges(registers: Registry[], source: GaugeSource): Gauges {
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> => new Gauge({ name, help, labelNames, registers });

  const depth = gauge("pulsequeue_queue_depth", "Deliveries that are not finished, by state; dead letters apart.", "handler", "state");
  const dead = gauge("pulsequeue_dlq_depth", "Dead letters.", "handler");
  const oldest = gauge("pulsequeue_oldest_message_age_seconds", "Age of the oldest delivery that may start; 0 where there is none.", "handler");
  const blocked = gauge("pulsequeue_key_blocked", "Deliveries that wait for an earlier one of their key.", "handler");
  const paused = gauge("pulsequeue_handler_paused", "1 while an operator has paused the handler.", "handler");
  const lag = gauge("pulsequeue_outbox_lag_seconds", "Age of the oldest stored event that a handler could take and has not; the journal is the outbox.");
  const inspection = gauge("pulsequeue_inspection_ok", "1 if the queue could be asked for these gauges.");
  const chain = gauge("pulsequeue_audit_chain_ok", "1 if the audit ledger's chain held when it was last checked, at most a minute before.");
  const byHandler = [depth, dead, oldest, blocked, paused];

  let checkedAt: number | undefined;
  const checkChain = async (): Promise<void> => {
    const now = source.monotonic();
    if (checkedAt !== undefined && now - checkedAt < auditInterval) return;
    checkedAt = now;
    chain.set(Number(await source.auditChain()));
  };
  const show = ({ name: handler, counts, oldestReady, paused: isPaused }: HandlerView): void => {
    for (const state of ["scheduled", "ready", "running", "retrying", "parked"] as const) depth.set({ handler, state }, counts[state]);
    dead.set({ handler }, counts.dead);
    oldest.set({ handler }, (oldestReady ?? 0) / 1000);
    blocked.set({ handler }, counts.parked);
    paused.set({ handler }, Number(isPaused));
  };
  const read = async (): Promise<void> => {
    try {
      const handlers = await source.handlers();
      for (const handler of handlers) show(handler);
      lag.set(Math.max(0, ...handlers.filter((handler) => !handler.paused).map((handler) => handler.oldestReady ?? 0)) / 1000);
      await checkChain();
      inspection.set(1);
    } catch {
      for (const each of byHandler) each.reset();
      for (const each of [lag, chain]) each.remove(); // no value rather than a wrong one
      checkedAt = undefined;
      inspection.set(0);
    }
  };
  let running: Promise<void> | undefined;
  return {
    refresh: () =>
      (running ??= read().finally(() => {
        running = undefined;
      })),
  };
}
