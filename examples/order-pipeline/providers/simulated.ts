/**
 * A payment provider for tests and demonstrations that behaves like a remote one: it declines, it is down, it does not answer
 * although it did the work or although it did not, it answers late, it sends notifications, some of them twice.
 *
 * What becomes of an operation follows from the seed and its key alone, not from the order of calls or the number of
 * processes: a run that crashes and starts again meets the same answers. What was done is in the provider's book, apart from
 * the engine's file.
 */
import { createHash } from "node:crypto";
import { memoryBook, type Charge, type ProviderBook } from "./book.ts";
import type { LookupResult, PaymentProvider, PaymentRequest, PaymentResult } from "./port.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** Share of authorizations that the card refuses, 0 to 1. @default 0 */
  readonly declines?: number;
  /** Share of calls whose first answer does not arrive: a third was done, a third was lost, a third is done late. @default 0 */
  readonly timeouts?: number;
  /** Share of operations that the provider cannot do though nothing is wrong with them. @default 0 */
  readonly failures?: number;
  /** Share of payment methods that capture with the authorization. @default 0 */
  readonly immediate?: number;
  /** Share of notifications that come twice, 0 to 1. @default 0 */
  readonly duplicates?: number;
  /** Where it remembers what it did. @default in memory */
  readonly book?: ProviderBook;
}

/** What the provider sends to the webhook. */
export interface SimulatedNotification {
  readonly id: string;
  readonly type: "payment.updated";
  readonly operationKey: string;
}

export interface SimulatedProvider extends PaymentProvider {
  readonly book: ProviderBook;
  /** Notifications that were not taken yet. Those of a process that dies are lost, as some of a real provider's are. */
  takeNotifications(): readonly SimulatedNotification[];
}

/** Most times that an operation which is done late is still under way when asked about. */
const mostPending = 3;

export function simulatedProvider(options: SimulationOptions): SimulatedProvider {
  const { declines = 0, timeouts = 0, failures = 0, immediate = 0, duplicates = 0, book = memoryBook() } = options;
  let notifications: SimulatedNotification[] = [];

  /** A number in [0, 1) that belongs to this seed, question and key. */
  const draw = (question: string, key: string): number =>
    createHash("sha256")
      .update(`${String(options.seed)}|${question}|${key}`)
      .digest()
      .readUIntBE(0, 6) /
    2 ** 48;

  /** What happens to the first answer of a key. */
  const transport = (key: string): "clear" | "lost" | "silent" | "late" => {
    if (draw("timeout", key) >= timeouts) return "clear";
    return (["lost", "silent", "late"] as const)[Math.floor(draw("kind of timeout", key) * 3)] ?? "lost";
  };
  const isPending = (key: string): boolean => transport(key) === "late" && book.key(key).lookups < 1 + Math.floor(draw("pending", key) * mostPending);

  const decide = (request: PaymentRequest): Pick<Charge, "outcome" | "reason"> => {
    const { key, kind, amount, authorization, orderId } = request;
    if (draw("failure", key) < failures) return { outcome: "failed", reason: "provider_unavailable" };
    if (kind === "authorize") return draw("decline", key) < declines ? { outcome: "declined", reason: "card_declined" } : { outcome: "succeeded", reason: "" };
    const { authorized, captured, refunded, voided } = book.totals(orderId);
    // A book that began after the authorization knows no amounts; then the reference must do.
    const known = authorized > 0;
    const free = kind === "refund" ? captured - refunded : authorized - captured - voided;
    const allowed = authorization.startsWith("sim:order:") && (!known || amount <= free);
    return allowed ? { outcome: "succeeded", reason: "" } : { outcome: "declined", reason: `not_possible_to_${kind}` };
  };

  /** The capture that comes with an authorization where the payment method knows no other way. */
  const captureWith = (charge: Charge): Charge | undefined => {
    if (charge.kind !== "authorize" || charge.outcome !== "succeeded" || draw("immediate", charge.orderId) >= immediate) return undefined;
    return { ...charge, kind: "capture", key: `order:${charge.orderId}:capture:1`, authorization: charge.reference };
  };
  const resultOf = (charge: Charge): PaymentResult => {
    const { outcome, reference, reason } = charge;
    if (outcome !== "succeeded") return { outcome, reason };
    return captureWith(charge) === undefined ? { outcome, reference } : { outcome, reference, captured: true };
  };

  const notify = (key: string): void => {
    const notification = { id: `evt_${draw("notification", key).toString(36).slice(2)}`, type: "payment.updated", operationKey: key } as const;
    notifications.push(notification);
    if (draw("twice", key) < duplicates) notifications.push(notification);
  };

  const send = (request: PaymentRequest): PaymentResult => {
    const { key } = request;
    const { calls, charge } = book.key(key);
    const { paymentMethod: _token, ...asked } = request;
    book.write({ type: "called", key });
    if (charge !== undefined) {
      if (isOther(charge, request)) {
        book.write({ type: "misused", key });
        return { outcome: "declined", reason: "key_used_with_other_parameters" };
      }
      return isPending(key) ? pending : resultOf(charge);
    }
    const answer = calls === 0 ? transport(key) : "clear";
    if (answer === "lost") return timeout;
    const done: Charge = { ...asked, ...decide(request), reference: `sim:${key}` };
    book.write({ type: "done", key, charge: done });
    const capture = captureWith(done);
    if (capture !== undefined) book.write({ type: "done", key: capture.key, charge: capture });
    notify(key);
    return answer === "clear" ? resultOf(done) : timeout;
  };

  return {
    name: "simulated",
    book,
    authorize: (request) => Promise.resolve(send(request)),
    capture: (request) => Promise.resolve(send(request)),
    refund: (request) => Promise.resolve(send(request)),
    void: (request) => Promise.resolve(send(request)),
    lookup({ key }) {
      const { charge } = book.key(key);
      let result: LookupResult = { outcome: "absent" };
      if (charge !== undefined) result = isPending(key) ? pending : resultOf(charge);
      book.write({ type: "asked", key });
      return Promise.resolve(result);
    },
    takeNotifications() {
      const taken = notifications;
      notifications = [];
      return taken;
    },
  };
}

const timeout: PaymentResult = { outcome: "unknown", reason: "no answer in time" };
const pending: PaymentResult = { outcome: "unknown", reason: "still under way at the provider" };

function isOther(charge: Charge, request: PaymentRequest): boolean {
  return (
    charge.kind !== request.kind || charge.amount !== request.amount || charge.currency !== request.currency || charge.authorization !== request.authorization
  );
}
