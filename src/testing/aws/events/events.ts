/** EventBridge in this process: buses, and rules that send what matches their pattern to queues, at least once and in no order. */
import type { PutEventsCommandInput, PutEventsCommandOutput, PutEventsRequestEntry, PutEventsResultEntry } from "@aws-sdk/client-eventbridge";
import type { VirtualClock } from "../../clock.ts";
import { UnsupportedByFake, validation } from "../service/errors.ts";
import { operation, type Call, type Note, type Service } from "../service/service.ts";
import type { Queue } from "../sqs/queue.ts";
import { parsePattern } from "./pattern.ts";

export interface RuleSpec {
  readonly name: string;
  readonly bus: string;
  readonly pattern: string;
  readonly targetArn: string;
  /** Where it goes what the target does not take. */
  readonly deadLetterArn: string;
}

export interface EventBridge {
  readonly service: Service;
  createBus(name: string): void;
  /** In place of the one that had its name. */
  putRule(rule: RuleSpec): void;
  /** Copies of events on their way to a target. */
  readonly underWay: number;
}

/** What the bus may do on the way to a target. */
export interface BusFaults {
  /** Milliseconds after which each copy of an event arrives; 0: at once. */
  deliveries(): readonly number[];
}

export const noBusFaults: BusFaults = { deliveries: () => [0] };

export interface EventBridgeHost {
  readonly clock: VirtualClock;
  readonly faults: BusFaults;
  readonly region: string;
  readonly account: string;
  readonly queueByArn: (arn: string) => Queue | undefined;
  readonly record: (call: Call) => void;
}

/** Of all entries of a request together (EventBridge quotas, read 2026-11). */
const mostBytes = 256 * 1024;
const mostEntries = 10;
/** Whom queue policies name. */
const principal = "events.amazonaws.com";

export function createEventBridge(host: EventBridgeHost): EventBridge {
  const { clock, faults, region, account, queueByArn, record } = host;
  const buses = new Set<string>();
  const rules = new Map<string, RuleSpec & { readonly matches: ReturnType<typeof parsePattern> }>();
  let count = 0;
  let underWay = 0;

  const send = ({ name, bus, targetArn, deadLetterArn }: RuleSpec, body: string): void => {
    const target = queueByArn(targetArn);
    const queue = target ?? queueByArn(deadLetterArn);
    queue?.send({ body });
    const context = { "aws:SourceArn": `arn:aws:events:${region}:${account}:rule/${bus}/${name}`, "aws:SourceAccount": account };
    const accesses = queue === undefined ? [] : [{ action: "sqs:SendMessage", resource: queue.arn, context }];
    record({ function: principal, operation: "sqs:SendMessage", accesses, items: 1, bytes: Buffer.byteLength(body) });
  };
  const accept = (entry: PutEventsRequestEntry, note: Note): PutEventsResultEntry => {
    const fault = note.entryFault();
    if (fault !== undefined) return { ErrorCode: fault, ErrorMessage: "Unexpected Error. Please try your call again." };
    const { Source: source = "", DetailType: type = "", Detail: text = "", EventBusName: bus = "default" } = entry;
    if (source === "" || type === "") return { ErrorCode: "InvalidArgument", ErrorMessage: "Parameters Source and DetailType are required." };
    const detail = objectOf(text);
    if (detail === undefined) return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
    if (!buses.has(bus)) throw new UnsupportedByFake(`the bus ${bus}`);
    note.access("events:PutEvents", `arn:aws:events:${region}:${account}:event-bus/${bus}`, { "events:detail-type": [type], "events:source": [source] });
    note.count(1, entryBytes(entry));
    count += 1;
    const id = `00000000-0000-4000-9000-${String(count).padStart(12, "0")}`;
    const time = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
    const event = { version: "0", id, "detail-type": type, source, account, time, region, resources: entry.Resources ?? [], detail };
    for (const rule of rules.values()) {
      if (rule.bus !== bus || !rule.matches(event)) continue;
      const arrive = (): void => {
        underWay -= 1;
        send(rule, JSON.stringify(event));
      };
      for (const delay of faults.deliveries()) {
        underWay += 1;
        if (delay === 0) clock.soon(arrive);
        else clock.timer(delay, arrive);
      }
    }
    return { EventId: id };
  };

  const putEvents = operation<PutEventsCommandInput, PutEventsCommandOutput>(["Entries"], ({ Entries: entries = [] }, note) => {
    if (entries.length === 0 || entries.length > mostEntries) {
      const bound = entries.length === 0 ? "greater than or equal to 1" : `less than or equal to ${String(mostEntries)}`;
      throw validation(`1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length ${bound}`);
    }
    if (entries.reduce((sum, entry) => sum + entryBytes(entry), 0) > mostBytes) throw validation("Total size of the entries in the request is over the limit.");
    const Entries = entries.map((entry) => accept(entry, note));
    return { Entries, FailedEntryCount: Entries.filter(({ ErrorCode }) => ErrorCode !== undefined).length };
  });

  return {
    service: { name: "events", operations: { PutEvents: putEvents } },
    get underWay() {
      return underWay;
    },
    createBus: (name) => {
      buses.add(name);
    },
    putRule: (rule) => {
      rules.set(rule.name, { ...rule, matches: parsePattern(rule.pattern) });
    },
  };
}

function entryBytes({ Source = "", DetailType = "", Detail = "" }: PutEventsRequestEntry): number {
  return 14 + Buffer.byteLength(Source) + Buffer.byteLength(DetailType) + Buffer.byteLength(Detail);
}

function objectOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
