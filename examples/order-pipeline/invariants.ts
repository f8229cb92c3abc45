/**
 * Everything that must hold over all rows and events of the shop, whatever crashed, came twice or came late. A pure function:
 * tests, the demonstration and the crash harness ask it the same questions.
 */
import { totalOf } from "./money.ts";
import { hasEnded } from "./order.ts";
import { owed } from "./payment.ts";
import type { Charge } from "./providers/book.ts";
import { reconcile } from "./reconcile.ts";
import type { Report, Snapshot, Violation } from "./snapshot.ts";
import { checkStory } from "./story.ts";
import type { Order, Payment, PaymentOperation, Reservation } from "./tables.ts";

export interface CheckOptions {
  /** Whether everything has come to rest: then every order must have ended or wait for a person. @default true */
  readonly atRest?: boolean;
}

/** The rules that do not hold; empty where all is well. */
export function checkInvariants(snapshot: Snapshot, options: CheckOptions = {}): readonly Violation[] {
  const violations: Violation[] = [];
  const report: Report = (rule, subject, message) => void violations.push({ rule, subject, message });
  checkStock(snapshot, report);
  const reservations = grouped(snapshot.reservations, (row) => row.orderId);
  const operations = grouped(snapshot.operations, (row) => row.orderId);
  const payments = new Map(snapshot.payments.map((row) => [row.orderId, row]));
  for (const order of snapshot.orders) {
    checkLines(order, reservations.get(order.id) ?? [], report);
    checkMoney(order, payments.get(order.id), report);
    checkOperations(order.id, payments.get(order.id), operations.get(order.id) ?? [], report);
    checkEnd(order, options.atRest ?? true, report);
  }
  checkOwners(snapshot, report);
  checkStory(snapshot, report);
  if (snapshot.charges !== undefined) checkProvider(snapshot.charges, snapshot.payments, options.atRest ?? true, report);
  return violations;
}

function checkStock({ stock, reservations, receipts }: Snapshot, report: Report): void {
  for (const { sku, received, onHand, reserved } of stock) {
    if (!(reserved >= 0 && reserved <= onHand && onHand <= received)) {
      report("stock-in-range", sku, `received ${String(received)}, on hand ${String(onHand)}, reserved ${String(reserved)}`);
    }
  }
  for (const { sku, counter, stored, rebuilt } of reconcile(stock, reservations, receipts).differences) {
    report("stock-equals-rows", sku, `${counter} is ${String(stored)}, its rows add up to ${String(rebuilt)}`);
  }
}

/** In which states the lines of an order may be, by the state of the order. */
const lineStates: Readonly<Record<Exclude<Order["state"], "NEEDS_ATTENTION">, readonly Reservation["state"][]>> = {
  PENDING: [],
  RESERVED: ["held"],
  CAPTURING: ["held"],
  CLOSING: ["held", "released", "expired"],
  CONFIRMED: ["committed"],
  CANCELLED: ["released"],
  EXPIRED: ["expired"],
  REFUNDED: ["committed", "released", "expired"],
};

function checkLines(order: Order, rows: readonly Reservation[], report: Report): void {
  const state = order.interrupted ?? order.state;
  if (state === "NEEDS_ATTENTION") return;
  const allowed = lineStates[state];
  const wrong = rows.find((row) => !allowed.includes(row.state));
  if (wrong !== undefined) report("lines-match-order", order.id, `${wrong.sku} is ${wrong.state} in an order that is ${state}`);
  if (new Set(rows.map((row) => row.state)).size > 1) report("all-or-nothing", order.id, "its lines are in different states");
  const neverHeld = state === "PENDING" || (state === "CANCELLED" && rows.length === 0);
  const same = rows.length === order.lines.length && order.lines.every((line) => rows.some((row) => row.sku === line.sku && row.quantity === line.quantity));
  if (!neverHeld && !same) report("all-or-nothing", order.id, `${String(rows.length)} of ${String(order.lines.length)} lines were reserved`);
}

function checkMoney(order: Order, payment: Payment | undefined, report: Report): void {
  if (order.total !== totalOf(order.lines)) report("total-equals-lines", order.id, `total ${String(order.total)}, lines ${String(totalOf(order.lines))}`);
  const state = order.interrupted ?? order.state;
  if (payment === undefined) {
    if (state === "CAPTURING" || state === "CONFIRMED" || state === "REFUNDED") report("ledger-exists", order.id, `${state} without a ledger`);
    return;
  }
  const { authorized, captured, refunded, voided, total } = payment;
  const text = `authorized ${String(authorized)}, captured ${String(captured)}, refunded ${String(refunded)}, voided ${String(voided)}, total ${String(total)}`;
  if (!(refunded <= captured && captured + voided <= authorized && authorized <= total)) report("ledger-in-range", order.id, text);
  if (total !== order.total || payment.currency !== order.currency) report("ledger-in-range", order.id, "the ledger's total or currency is not the order's");
  if (state === "CONFIRMED" && captured !== total) report("confirmed-is-paid", order.id, text);
  if ((state === "CANCELLED" || state === "EXPIRED") && (captured !== 0 || owed(payment) !== undefined)) report("closed-owes-nothing", order.id, text);
  if (state === "REFUNDED" && (captured === 0 || captured !== refunded)) report("refunded-owes-nothing", order.id, text);
}

function checkOperations(orderId: string, payment: Payment | undefined, rows: readonly PaymentOperation[], report: Report): void {
  const done = (kind: PaymentOperation["kind"]): readonly PaymentOperation[] => rows.filter((row) => row.kind === kind && row.state === "succeeded");
  const amounts = (kind: PaymentOperation["kind"]): number => done(kind).reduce((sum, row) => sum + row.amount, 0);
  const ledger = { authorize: payment?.authorized ?? 0, capture: payment?.captured ?? 0, refund: payment?.refunded ?? 0, void: payment?.voided ?? 0 };
  for (const kind of ["authorize", "capture", "refund", "void"] as const) {
    if (amounts(kind) !== ledger[kind])
      report("ledger-equals-operations", orderId, `${kind}: ledger ${String(ledger[kind])}, operations ${String(amounts(kind))}`);
    if (kind !== "refund" && done(kind).length > 1) report("once-per-order", orderId, `${String(done(kind).length)} operations ${kind} succeeded`);
    const numbers = rows.filter((row) => row.kind === kind).map((row) => row.number);
    if (numbers.some((number) => number > numbers.length)) report("numbers-without-gap", orderId, `${kind}: ${numbers.join(", ")}`);
    const last = Math.max(0, ...numbers);
    const open = rows.find((row) => row.kind === kind && row.number < last && ["requested", "unknown", "unresolved"].includes(row.state));
    if (open !== undefined) report("no-charge-on-unknown", orderId, `${open.key} is ${open.state}, and yet another number was used`);
  }
}

function checkEnd(order: Order, atRest: boolean, report: Report): void {
  if (atRest && !hasEnded(order.state) && order.state !== "NEEDS_ATTENTION") report("no-order-is-stuck", order.id, `it is still ${order.state}`);
  const lost = order.state === "CANCELLED" || order.state === "EXPIRED" || order.state === "REFUNDED";
  if (lost && (order.reason === "none" || order.detail === "")) report("losers-are-told-why", order.id, `${order.state} without a reason`);
}

function checkOwners({ orders, reservations, payments, operations }: Snapshot, report: Report): void {
  const known = new Set(orders.map((order) => order.id));
  for (const { orderId } of [...reservations, ...payments, ...operations]) {
    if (!known.has(orderId)) report("rows-have-an-order", orderId, "a row belongs to an order that does not exist");
  }
}

/** The provider's truth against ours: nothing done twice, and at rest both sides agree. */
function checkProvider(charges: readonly Charge[], payments: readonly Payment[], atRest: boolean, report: Report): void {
  const succeeded = charges.filter((charge) => charge.outcome === "succeeded");
  for (const [key, same] of grouped(succeeded, (charge) => charge.key)) {
    if (same.length > 1) report("charged-once-per-key", same[0]?.orderId ?? key, `${key} was done ${String(same.length)} times`);
  }
  const byOrder = grouped(succeeded, (charge) => charge.orderId);
  for (const [orderId, own] of byOrder) {
    const captures = own.filter((charge) => charge.kind === "capture");
    if (captures.length > 1) report("captured-once", orderId, `${String(captures.length)} captures: ${captures.map((charge) => charge.key).join(", ")}`);
  }
  if (!atRest) return;
  for (const { orderId, openOperation, ...ledger } of payments) {
    if (openOperation !== "") continue;
    const own = byOrder.get(orderId) ?? [];
    const sum = (kind: Charge["kind"]): number => own.filter((charge) => charge.kind === kind).reduce((total, charge) => total + charge.amount, 0);
    const pairs = [
      ["authorized", ledger.authorized, sum("authorize")],
      ["captured", ledger.captured, sum("capture")],
      ["refunded", ledger.refunded, sum("refund")],
      ["voided", ledger.voided, sum("void")],
    ] as const;
    for (const [name, ours, theirs] of pairs) {
      if (ours !== theirs) report("ledger-equals-provider", orderId, `${name}: ours ${String(ours)}, the provider's ${String(theirs)}`);
    }
  }
}

function grouped<Item>(items: readonly Item[], key: (item: Item) => string): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}
