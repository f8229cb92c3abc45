import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  beginLife,
  capabilities,
  contractCases,
  drain,
  pass,
  runContractCase,
  seededRandom,
  settle,
  virtualClock,
  type ContractEngine,
  type ContractHarness,
} from "pulsequeue/testing";

/** The embedded engine as the contract sees it; in memory without a directory. */
function localHarness(directory: () => string | undefined): ContractHarness {
  return {
    open: async (app, options = {}) => {
      const clock = virtualClock();
      const place = directory();
      let current = app;
      const life = await beginLife(app, {
        ...options,
        clock,
        random: seededRandom(1),
        directory: place === undefined ? undefined : mkdtempSync(join(place, "case-")),
      });
      const engine: ContractEngine = {
        get queue() {
          return life.queue;
        },
        clock,
        drain: () => drain(clock),
        settle: () => settle(life.queue, clock),
        pass: (duration) => pass(clock, duration),
        async restart(kind, next = {}) {
          current = next.app ?? current;
          if (kind === "clean") await life.close();
          await life.reopen(current, next);
          if (next.start !== false) await life.queue.start();
        },
        async verify() {
          return (await life.queue.verify()).problems.map((problem) => problem.message);
        },
        dispose: () => life.close(),
      };
      if (options.start !== false) await life.queue.start();
      return engine;
    },
  };
}

const scratch: { path?: string } = {};
beforeAll(() => {
  scratch.path = mkdtempSync(join(tmpdir(), "pulsequeue-contract-"));
});
afterAll(() => {
  if (scratch.path !== undefined) rmSync(scratch.path, { recursive: true, force: true });
});

describe.each([
  ["in memory", localHarness(() => undefined)],
  ["on a file", localHarness(() => scratch.path)],
])("the embedded engine %s keeps the contract", (_place, harness) => {
  for (const contractCase of contractCases) {
    // The embedded engine has every capability: no case is skipped.
    it(contractCase.name, () => runContractCase(contractCase, harness));
  }
});

it("every case has its own name, and every capability its words", () => {
  const names = contractCases.map((contractCase) => contractCase.name);
  expect(new Set(names).size).toBe(names.length);
  for (const contractCase of contractCases) for (const capability of contractCase.requires) expect(capabilities[capability]).toBeTruthy();
});
