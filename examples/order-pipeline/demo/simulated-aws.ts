/**
 * The AWS engine on a simulated AWS: real functions, killed at once on demand, on services that refuse, repeat and delay now and then.
 * Its time is virtual: it passes when nothing else moves, by what requests and queues take.
 */
import { setImmediate } from "node:timers/promises";
import * as awsEngine from "pulsequeue/aws";
import { calmAwsPlan, seededAwsFaults, seededRandom, simulateAws, virtualClock, type AwsFaultPlan } from "pulsequeue/testing";
import { AnswerLost, type DemoEngine, type EngineOptions } from "./demo-engine.ts";
import { demoSecrets } from "./secrets.ts";

/** Each request takes up to ten milliseconds; one in a hundred of everything goes wrong in some way. */
const weather: AwsFaultPlan = {
  ...calmAwsPlan,
  slow: 1,
  slowness: 10,
  refused: 0.01,
  unanswered: 0.005,
  entries: 0.01,
  twice: 0.01,
  late: 0.01,
  throttled: 0.01,
  reorder: true,
};
/** Turns of the event loop in which nothing moves, after which time goes on. */
const quietTurns = 2;
/** Virtual time in which everything must come to rest, milliseconds. */
const patience = 6 * 60 * 60_000;
/** How often, in virtual time, it is looked whether something is left to do, milliseconds. */
const lookInterval = 1_000;

export async function openSimulatedAws({ app, settings, observe }: EngineOptions): Promise<DemoEngine> {
  const random = seededRandom(settings.seed);
  const clock = virtualClock({ random: random.fork() });
  const faults = seededAwsFaults(weather, random.fork(), clock);
  const aws = simulateAws(app, awsEngine, { clock, random: random.fork(), faults, secrets: { "payments-webhook": demoSecrets() }, observe });
  let waiting = 0;
  let isPumping = false;
  /** Time goes on while somebody waits for something. */
  const pump = async (): Promise<void> => {
    isPumping = true;
    let [seen, still] = [-1, 0];
    while (waiting > 0) {
      await setImmediate();
      still = clock.pending() === 0 && clock.activity() === seen ? still + 1 : 0;
      seen = clock.activity();
      const wait = still < quietTurns ? undefined : clock.untilNextTimer();
      if (wait !== undefined) clock.advance(wait);
    }
    isPumping = false;
  };
  const moving = async <Result>(work: Promise<Result>): Promise<Result> => {
    waiting += 1;
    if (!isPumping) void pump();
    try {
      return await work;
    } finally {
      waiting -= 1;
    }
  };
  const pass = (milliseconds: number): Promise<void> => moving(new Promise((resolve) => void clock.timer(milliseconds, resolve)));
  const { queue } = await moving(aws.open());
  aws.start();
  return {
    invoke: (endpoint, request) =>
      moving(aws.invoke(endpoint, request)).catch((error: unknown) => {
        throw new AnswerLost("The function gave no answer", { cause: error });
      }),
    ask: (question) => moving(question(queue)),
    async settle(deliverNotifications) {
      // What schedules make never ends.
      aws.start({ schedules: false });
      const end = clock.monotonic() + patience;
      while (aws.left().length > 0 && clock.monotonic() < end) {
        await deliverNotifications();
        await pass(lookInterval);
      }
      aws.start();
    },
    kill: () => void aws.kill(),
    close: () => moving(queue.close()),
  };
}
