/** EventBridge and Scheduler in this process, as their guides describe them. */
import { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { CreateScheduleCommand } from "@aws-sdk/client-scheduler";
import { describe, expect, test } from "vitest";
import { pass, virtualClock, type VirtualClock } from "pulsequeue/testing";
import { parsePattern } from "../../src/testing/aws/events/pattern.ts";
import { fakeAws, type FakeAws } from "../../src/testing/aws/fake-aws.ts";
import { noAwsFaults, type AwsFaults } from "../../src/testing/aws/faults.ts";
import { noRequestFaults } from "../../src/testing/aws/service/service.ts";

interface Place extends FakeAws {
  readonly clock: VirtualClock;
  put(...types: readonly string[]): Promise<readonly (string | undefined)[]>;
  bodies(queue: string): readonly string[];
}

function open(faults: Partial<AwsFaults> = {}): Place {
  const clock = virtualClock();
  const aws = fakeAws({ clock, faults: { ...noAwsFaults, ...faults } });
  const queue = (name: string): string =>
    aws.sqs.create({ name, isFifo: false, visibilityTimeout: 30, delay: 0, retention: 60, deduplicatesByContent: false, deduplicatesByGroup: false }).arn;
  aws.events.createBus("shop");
  aws.scheduler.createGroup("shop");
  aws.events.putRule({ name: "placed", bus: "shop", pattern: '{"detail-type":["order.placed"]}', targetArn: queue("target"), deadLetterArn: queue("dead") });
  aws.events.putRule({
    name: "lost",
    bus: "shop",
    pattern: '{"detail-type":["order.lost"]}',
    targetArn: "arn:aws:sqs:nowhere",
    deadLetterArn: queue("unsent"),
  });
  return {
    ...aws,
    clock,
    async put(...types) {
      const Entries = types.map((DetailType) => ({ EventBusName: "shop", Source: "shop", DetailType, Detail: '{"n":1}' }));
      const { Entries: results = [] } = await aws.clients.events.send(new PutEventsCommand({ Entries }));
      await pass(clock, "1m");
      return results.map(({ EventId, ErrorCode }) => (EventId === undefined ? ErrorCode : "taken"));
    },
    bodies: (name) => (aws.sqs.queues.get(name)?.receive(10) ?? []).map(({ body }) => body),
  };
}

describe("a bus", () => {
  test("sends what matches a rule to its queue, in an envelope, and nothing else", async () => {
    const { put, bodies } = open();
    expect(await put("order.placed", "order.paid")).toEqual(["taken", "taken"]);
    const [only, ...others] = bodies("target").map((body) => JSON.parse(body) as unknown);
    expect(others).toEqual([]);
    expect(only).toMatchObject({ source: "shop", "detail-type": "order.placed", detail: { n: 1 }, account: "123456789012" });
  });

  test("sends to the rule's dead-letter queue what the target does not take", async () => {
    const { put, bodies } = open();
    await put("order.lost");
    expect(bodies("unsent")).toHaveLength(1);
  });

  test("answers 200 though single entries failed, and says which", async () => {
    const codes = [undefined, "InternalFailure"];
    const { put, bodies } = open({ requests: { ...noRequestFaults, entry: () => codes.shift() } });
    expect(await put("order.placed", "order.placed")).toEqual(["taken", "InternalFailure"]);
    expect(bodies("target")).toHaveLength(1);
  });

  test("may deliver twice", async () => {
    const { put, bodies } = open({ bus: { deliveries: () => [0, 20_000] } });
    await put("order.placed");
    expect(bodies("target")).toHaveLength(2);
  });

  test("refuses a request without entries, with more than ten, and with more than 256 KiB", async () => {
    const { clients, put } = open();
    await expect(put()).rejects.toThrow("greater than or equal to 1");
    await expect(put(...Array.from({ length: 11 }, () => "order.placed"))).rejects.toThrow("less than or equal to 10");
    const large = { EventBusName: "shop", Source: "shop", DetailType: "order.placed", Detail: JSON.stringify("x".repeat(256 * 1024)) };
    await expect(clients.events.send(new PutEventsCommand({ Entries: [large] }))).rejects.toThrow("over the limit");
  });
});

test.each([
  ['{"detail-type":["a","b"]}', ["a", "b"], ["c"]],
  ['{"detail-type":[{"prefix":"order."}]}', ["order.placed"], ["stock.changed"]],
  ['{"detail-type":[{"anything-but":["a","b"]}]}', ["c"], ["a", "b"]],
  ['{"detail-type":[{"anything-but":{"prefix":["order.","stock."]}}]}', ["payment.captured"], ["order.placed", "stock.changed"]],
  ['{"detail-type":["a"],"detail":{"n":[1]}}', ["a"], ["b"]],
  ['{"detail-type":["a"],"detail":{"n":[{"exists":false}]}}', [], ["a"]],
])("the pattern %s matches %j and not %j", (pattern, matching, others) => {
  const matches = parsePattern(pattern);
  const test = (type: string): boolean => matches({ "detail-type": type, detail: { n: 1 } });
  expect(matching.filter((type) => !test(type))).toEqual([]);
  expect(others.filter((type) => test(type))).toEqual([]);
});

describe("a one-time schedule", () => {
  const command = (place: FakeAws, at: string): CreateScheduleCommand =>
    new CreateScheduleCommand({
      Name: "delay-1",
      GroupName: "shop",
      ScheduleExpression: `at(${at})`,
      FlexibleTimeWindow: { Mode: "OFF" },
      ActionAfterCompletion: "DELETE",
      Target: { Arn: place.sqs.queues.get("target")?.arn, RoleArn: "arn:aws:iam::123456789012:role/scheduler", Input: "later" },
    });

  test("sends its input at its time, once, and is gone then", async () => {
    const place = open();
    await place.clients.scheduler.send(command(place, "2026-01-01T01:00:00"));
    await expect(place.clients.scheduler.send(command(place, "2026-01-01T01:00:00"))).rejects.toMatchObject({ name: "ConflictException" });
    await pass(place.clock, "59m");
    expect(place.bodies("target")).toEqual([]);
    await pass(place.clock, "1m");
    expect(place.bodies("target")).toEqual(["later"]);
    await place.clients.scheduler.send(command(place, "2026-01-01T02:00:00"));
  });
});
