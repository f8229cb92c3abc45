import { describe, test } from "vitest";
import { virtualClock } from "pulsequeue/testing";
import { fakeAws } from "../../src/testing/aws/fake-aws.ts";
import type { Place } from "./behaviours/behaviour.ts";
import { dataPlane } from "./behaviours/index.ts";

function fakePlace(): Place {
  const clock = virtualClock();
  const { clients } = fakeAws({ clock });
  let count = 0;
  return {
    ...clients,
    unique: (prefix) => `${prefix}-${String((count += 1))}`,
    wait: async (milliseconds) => {
      clock.advance(milliseconds);
    },
  };
}

describe.each(Object.entries(dataPlane))("the fake of %s behaves as AWS documents", (_service, behaviours) => {
  test.each(behaviours.map((behaviour) => [behaviour.name, behaviour] as const))("%s", async (_name, { run }) => {
    await run(fakePlace());
  });
});
