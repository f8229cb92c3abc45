/**
 * One queue. A message waits until its delay has passed, is invisible after each receive for the visibility timeout, and comes back
 * unless it was deleted. In a FIFO queue the messages of a group come in their order, and none while an earlier one is in flight.
 */
import type { VirtualClock } from "../../clock.ts";

export interface QueueSpec {
  readonly name: string;
  readonly isFifo: boolean;
  /** Seconds. @default 30 */
  readonly visibilityTimeout: number;
  /** Seconds. @default 0 */
  readonly delay: number;
  /** Seconds. @default 345600 */
  readonly retention: number;
  /** Where a message goes that was received so often. */
  readonly redrive?: { readonly deadLetterArn: string; readonly maxReceiveCount: number } | undefined;
  readonly deduplicatesByContent: boolean;
  /** Whether a deduplication id counts within its group alone. */
  readonly deduplicatesByGroup: boolean;
}

export interface NewMessage {
  readonly body: string;
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  readonly group?: string | undefined;
  readonly deduplicationId?: string | undefined;
  /** Seconds. @default the queue's */
  readonly delay?: number | undefined;
}

export interface Message extends NewMessage {
  readonly id: string;
  readonly sequence: string;
  readonly sentAt: number;
  firstReceivedAt: number | undefined;
  receives: number;
  /** Monotonic milliseconds from which it can be received. */
  visibleAt: number;
  isInFlight: boolean;
  receipt: string | undefined;
  /** Whether it was deleted, and came once more. */
  hasReturned: boolean;
}

export interface Queue {
  readonly spec: QueueSpec;
  readonly arn: string;
  readonly url: string;
  send(message: NewMessage): Message;
  /** At most `limit` messages, each invisible for `seconds`. */
  receive(limit: number, seconds?: number): readonly Message[];
  /** The message of a receipt that is not outdated in a FIFO queue, or of any receipt in a standard queue. */
  byReceipt(receipt: string): Message | undefined;
  remove(message: Message): void;
  changeVisibility(message: Message, seconds: number): void;
  counts(): { readonly visible: number; readonly inFlight: number; readonly delayed: number };
  /** Calls `fn` when a message may have become visible. */
  listen(fn: () => void): void;
}

/** What a standard queue may do: it delivers at least once, in about the order of sending. */
export interface QueueFaults {
  /** The messages in the order in which a receive looks at them. */
  order<Item>(messages: readonly Item[]): readonly Item[];
  /** Whether a message that is received stays visible, as on a server that did not hear of it. */
  isSeenTwice(): boolean;
  /** Milliseconds after which a message that is deleted comes once more; `undefined`: it does not. */
  returns(): number | undefined;
}

export const noQueueFaults: QueueFaults = { order: (messages) => messages, isSeenTwice: () => false, returns: () => undefined };

export interface QueueHost {
  readonly clock: VirtualClock;
  readonly faults: QueueFaults;
  readonly newId: () => string;
  readonly queueByArn: (arn: string) => Queue | undefined;
}

/** Milliseconds for which a deduplication id is remembered. */
const deduplicationWindow = 5 * 60_000;

export function createQueue(spec: QueueSpec, arn: string, url: string, { clock, faults, newId, queueByArn }: QueueHost): Queue {
  let messages: Message[] = [];
  let count = 0;
  const receipts = new Map<string, Message>();
  const seen = new Map<string, { readonly message: Message; readonly until: number }>();
  const listeners: (() => void)[] = [];
  let nextWake: { readonly at: number; readonly cancel: () => void } | undefined;
  /** Wakes whoever listens once the first of those that wait is visible. */
  const wakeAt = (at: number): void => {
    if (listeners.length === 0) return;
    const wait = Math.max(0, at - clock.monotonic());
    if (nextWake !== undefined && nextWake.at <= at) return;
    nextWake?.cancel();
    const cancel = clock.timer(wait, () => {
      nextWake = undefined;
      const first = Math.min(...messages.map(({ visibleAt }) => visibleAt).filter((time) => time > clock.monotonic()));
      if (Number.isFinite(first)) wakeAt(first);
      for (const listener of listeners) listener();
    });
    nextWake = { at, cancel };
  };
  const remove = (message: Message): void => {
    messages = messages.filter((other) => other !== message);
    for (const [receipt, other] of receipts) if (other === message) receipts.delete(receipt);
    if (spec.isFifo) wakeAt(clock.monotonic());
  };
  const settle = (): void => {
    const now = clock.monotonic();
    for (const message of messages) if (message.visibleAt <= now) message.isInFlight = false;
    for (const message of messages.filter(({ sentAt }) => clock.now() - sentAt > spec.retention * 1_000)) remove(message);
  };
  /** Whether it left for the dead-letter queue, having been received often enough. */
  const isRedriven = (message: Message): boolean => {
    const target = spec.redrive === undefined ? undefined : queueByArn(spec.redrive.deadLetterArn);
    if (spec.redrive === undefined || target === undefined || message.receives < spec.redrive.maxReceiveCount) return false;
    remove(message);
    const { body, attributes, group, deduplicationId } = message;
    target.send({ body, attributes, group, deduplicationId });
    return true;
  };
  const queue: Queue = {
    spec,
    arn,
    url,
    send: (given) => {
      for (const [id, { until }] of seen) {
        if (until > clock.monotonic()) break; // they end in the order in which they began
        seen.delete(id);
      }
      const deduplication = given.deduplicationId === undefined ? undefined : `${spec.deduplicatesByGroup ? (given.group ?? "") : ""} ${given.deduplicationId}`;
      const known = deduplication === undefined ? undefined : seen.get(deduplication);
      if (known !== undefined) return known.message;
      count += 1;
      const message: Message = {
        ...given,
        id: newId(),
        sequence: String(count).padStart(20, "0"),
        sentAt: clock.now(),
        firstReceivedAt: undefined,
        receives: 0,
        visibleAt: clock.monotonic() + (given.delay ?? spec.delay) * 1_000,
        isInFlight: false,
        receipt: undefined,
        hasReturned: false,
      };
      messages.push(message);
      if (deduplication !== undefined) seen.set(deduplication, { message, until: clock.monotonic() + deduplicationWindow });
      wakeAt(message.visibleAt);
      return message;
    },
    receive: (limit, seconds = spec.visibilityTimeout) => {
      settle();
      const now = clock.monotonic();
      const blocked = new Set(spec.isFifo ? messages.filter(({ isInFlight }) => isInFlight).map(({ group }) => group) : []);
      const taken: Message[] = [];
      for (const message of spec.isFifo ? [...messages] : faults.order(messages)) {
        if (taken.length === limit) break;
        if (spec.isFifo && blocked.has(message.group)) continue;
        if (message.visibleAt > now) {
          if (spec.isFifo) blocked.add(message.group);
          continue;
        }
        if (isRedriven(message)) continue;
        message.receives += 1;
        message.firstReceivedAt ??= clock.now();
        message.isInFlight = spec.isFifo || !faults.isSeenTwice();
        message.visibleAt = message.isInFlight ? now + seconds * 1_000 : now;
        message.receipt = `${message.id}#${String(message.receives)}`;
        receipts.set(message.receipt, message);
        taken.push(message);
        wakeAt(message.visibleAt);
      }
      return taken;
    },
    byReceipt: (receipt) => {
      settle();
      const message = receipts.get(receipt);
      // A FIFO queue takes only the receipt of the last receive, and only while the message is invisible.
      return spec.isFifo && (message?.receipt !== receipt || !message.isInFlight) ? undefined : message;
    },
    remove: (message) => {
      const delay = spec.isFifo || message.hasReturned ? undefined : faults.returns();
      if (delay === undefined) {
        remove(message);
        return;
      }
      message.hasReturned = true;
      message.visibleAt = clock.monotonic() + delay;
      wakeAt(message.visibleAt);
    },
    changeVisibility: (message, seconds) => {
      message.visibleAt = clock.monotonic() + seconds * 1_000;
      if (seconds === 0) message.isInFlight = false;
      wakeAt(message.visibleAt);
    },
    counts: () => {
      settle();
      const waiting = messages.filter(({ isInFlight }) => !isInFlight);
      const visible = waiting.filter(({ visibleAt }) => visibleAt <= clock.monotonic()).length;
      return { visible, inFlight: messages.length - waiting.length, delayed: waiting.length - visible };
    },
    listen: (fn) => {
      listeners.push(fn);
    },
  };
  return queue;
}
