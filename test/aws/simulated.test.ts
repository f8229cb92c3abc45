/** The engine beside others that do something at the same time, on the simulated AWS. */
import { expect, test } from "vitest";
import { defineApp } from "pulsequeue";
import * as engine from "pulsequeue/aws";
import { pass, settle, simulateAws, virtualClock, type SimulatedAws, type VirtualClock } from "pulsequeue/testing";
import { defineEvent } from "../../src/core/event.ts";
import { defineHandler } from "../../src/core/handler.ts";
import { untilEnded } from "../../src/testing/drive.ts";
import { noAwsFaults } from "../../src/testing/aws/faults.ts";
import { noRequestFaults, type RequestFaults } from "../../src/testing/aws/service/service.ts";
import { shape } from "../../src/testing/contract/fixtures.ts";

const called = defineEvent("called", { schema: shape({ n: "number" }) });
const answered = defineEvent("answered", { schema: shape({ n: "number" }) });

function sleep(clock: VirtualClock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void clock.timer(milliseconds, resolve));
}

interface Shop {
  readonly clock: VirtualClock;
  readonly aws: SimulatedAws;
  readonly seen: number[];
}

/** A caller, who takes `slow` milliseconds and emits what the answerer takes. */
function open(requests: Partial<RequestFaults>, slow = 0): Shop {
  const clock = virtualClock();
  const seen: number[] = [];
  const caller = defineHandler("caller", {
    on: called,
    emits: [answered],
    async handle({ data }, ctx) {
      if (slow > 0) await sleep(clock, slow);
      ctx.emit(answered, data);
    },
  });
  const answerer = defineHandler("answerer", {
    on: answered,
    async handle({ data }) {
      await sleep(clock, 5_000);
      seen.push(data.n);
    },
  });
  const app = defineApp("shop", { handlers: [caller, answerer] });
  const aws = simulateAws(app, engine, { clock, faults: { ...noAwsFaults, requests: { ...noRequestFaults, ...requests } } });
  aws.start();
  return { clock, aws, seen };
}

test("idle waits for what a delivery emitted while idle was looking around", async () => {
  // Whoever waits looks slowly: between two of its requests anything may end.
  const latency: RequestFaults["latency"] = (_operation, caller) => (caller.function === "" ? 500 : 0);
  for (let slow = 250; slow <= 8_000; slow += 250) {
    const { aws, clock, seen } = open({ latency }, slow);
    const { queue } = await untilEnded(clock, aws.open());
    await untilEnded(clock, queue.publish(called, { n: slow }));
    await untilEnded(clock, queue.idle());
    expect(seen).toEqual([slow]);
  }
});

test("of a pause and a resume at the same time the record and the event source agree in the end", async () => {
  let isFirst = true;
  const latency: RequestFaults["latency"] = (operation) => {
    if (operation !== "lambda:UpdateEventSourceMapping" || !isFirst) return 0;
    isFirst = false;
    return 10_000;
  };
  const { aws, clock, seen } = open({ latency });
  const { queue } = await aws.open();
  const paused = queue.operate.pause("answerer", { reason: "test" });
  await pass(clock, "1s");
  await queue.operate.resume("answerer", { reason: "test" });
  await pass(clock, "20s");
  await paused;
  await queue.publish(called, { n: 1 });
  await settle(queue, clock);
  expect(seen).toEqual([1]);
});

test("a function that is killed in the middle of a batch is started again with it, and its effect happens once", async () => {
  let kills = 0;
  const { aws, clock, seen } = open({
    before: (operation, caller) => {
      if (operation !== "dynamodb:TransactWriteItems" || !caller.function.endsWith("caller") || kills === 3) return undefined;
      kills += 1;
      return "kill";
    },
  });
  const { queue } = await aws.open();
  await queue.publish(called, { n: 1 });
  await untilEnded(clock, queue.idle());
  expect(kills).toBe(3);
  expect(seen).toEqual([1]);
  expect(aws.left()).toEqual([]);
});

test("every request is told with who sent it, what it did and to what", async () => {
  const told = new Set<string>();
  const clock = virtualClock();
  const quiet = defineHandler("quiet", { on: called, handle: () => undefined });
  const aws = simulateAws(defineApp("shop", { handlers: [quiet] }), engine, {
    clock,
    record: ({ function: caller, accesses }) => {
      for (const { action, resource } of accesses)
        told.add(
          `${caller} ${action} ${resource.split(":")[5] ?? ""} ${resource.split(":").slice(6).join(":")}`.replace(/delay-[\w-]{43}/, "delay-…").trimEnd(),
        );
    },
  });
  aws.start();
  const { queue } = await aws.open();
  await queue.publish(called, { n: 1 });
  await queue.publish(called, { n: 2 }, { delay: "1h" });
  await settle(queue, clock);
  await pass(clock, "2h");
  const ofStreams = ["DescribeStream", "GetRecords", "GetShardIterator"].flatMap((action) =>
    ["deliveries", "journal"].map((table) => `shop-test-pq-relay dynamodb:${action} table/shop-test-pq-${table}/stream/2026-01-01T00 00:00.000`),
  );
  expect([...told].filter((each) => !each.startsWith(" ")).sort()).toEqual(
    [
      ...ofStreams,
      "events.amazonaws.com sqs:SendMessage shop-test-quiet",
      "shop-test-pq-relay dynamodb:BatchGetItem table/shop-test-pq-journal",
      "shop-test-pq-relay dynamodb:PutItem table/shop-test-pq-system",
      "shop-test-pq-relay events:PutEvents event-bus/shop-test",
      "shop-test-pq-relay iam:PassRole role/shop-test-pq-scheduler",
      "shop-test-pq-relay scheduler:CreateSchedule schedule/shop-test/delay-…",
      "shop-test-pq-relay sqs:DeleteMessage shop-test-pq-delay",
      "shop-test-pq-relay sqs:ReceiveMessage shop-test-pq-delay",
      "shop-test-pq-relay sqs:SendMessage shop-test-pq-delay",
      "shop-test-pq-scheduler sqs:SendMessage shop-test-pq-delay",
      "shop-test-quiet dynamodb:PutItem table/shop-test-pq-deliveries",
      "shop-test-quiet sqs:DeleteMessage shop-test-quiet",
      "shop-test-quiet sqs:ReceiveMessage shop-test-quiet",
    ].sort(),
  );
});
