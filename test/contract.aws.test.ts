import { describe, expect, it } from "vitest";
import { capabilities, contractCases, runContractCase, type Capability } from "pulsequeue/testing";
import { awsHarness, awsLacks } from "./aws/life.ts";

/** What keeps a case from running. */
const lackOf = (requires: readonly Capability[]): Capability | undefined => requires.find((capability) => awsLacks[capability] !== undefined);

describe("the AWS engine on the fake platform keeps the contract", () => {
  for (const contractCase of contractCases) {
    const lack = lackOf(contractCase.requires);
    if (lack === undefined) it(contractCase.name, () => runContractCase(contractCase, awsHarness));
    else it.skip(`${contractCase.name} (lacks: ${capabilities[lack]}; ${awsLacks[lack] ?? ""})`, () => undefined);
  }
});

it("skips what it says, and nothing else", () => {
  expect(contractCases.length).toBeGreaterThan(0);
});
