/** What must hold in the store and at the handlers after a run; a run that fails it has no figure. */
import type { FollowUp, Job, Total } from "./job.ts";

export class CheckFailed extends Error {
  override readonly name = "CheckFailed";
}

/** Every job reached the handler exactly once. */
export function checkHandledOnce(orderIds: readonly string[], jobs: Iterable<Job>): void {
  const open = new Set<string>();
  for (const { orderId } of jobs) open.add(orderId);
  const expected = open.size;
  for (const orderId of orderIds) {
    if (!open.delete(orderId)) throw new CheckFailed(`${orderId} was handled twice, or was never published`);
  }
  if (open.size > 0) throw new CheckFailed(`${String(open.size)} of ${String(expected)} jobs were not handled`);
}

/**
 * Work B took effect exactly once for each job: the stored count of each customer is the number of its jobs, the stored amount
 * is that of one of them, and the follow-ups of a customer carry each count from 1 to that number once. A lost update shows as
 * a count that occurs twice, a repeated effect as one that is too high.
 */
export function checkOrders(jobs: Iterable<Job>, totals: readonly Total[], followUps: readonly FollowUp[]): void {
  const expected = new Map<string, { orderIds: Set<string>; amounts: Set<number> }>();
  for (const { orderId, customerId, amount } of jobs) {
    const customer = expected.get(customerId) ?? { orderIds: new Set(), amounts: new Set() };
    customer.orderIds.add(orderId);
    customer.amounts.add(amount);
    expected.set(customerId, customer);
  }
  if (totals.length !== expected.size) throw new CheckFailed(`${String(totals.length)} rows are stored, ${String(expected.size)} are due`);
  for (const { customerId, count, amount } of totals) {
    const due = expected.get(customerId);
    if (due?.orderIds.size !== count) throw new CheckFailed(`${customerId}: ${String(count)} is stored, ${String(due?.orderIds.size)} is due`);
    if (!due.amounts.has(amount)) throw new CheckFailed(`${customerId}: amount ${String(amount)} is none of its jobs'`);
  }
  const seen = new Set<string>();
  for (const { orderId, customerId, count } of followUps) {
    const due = expected.get(customerId);
    const given = `${customerId}#${String(count)}`;
    if (due === undefined || count < 1 || count > due.orderIds.size || seen.has(given)) throw new CheckFailed(`follow-up ${given} came twice or is not due`);
    seen.add(given);
    if (!due.orderIds.delete(orderId)) throw new CheckFailed(`${orderId} has two follow-ups, or one of another customer`);
    due.orderIds.add(`${orderId} done`);
  }
  const due = [...expected.values()].reduce((sum, customer) => sum + customer.orderIds.size, 0);
  if (followUps.length !== due) throw new CheckFailed(`${String(followUps.length)} follow-ups arrived, ${String(due)} are due`);
}
