import { describe, expect, it } from "vitest";
import { capabilities, contractCases, runContractCase, type ContractCase } from "pulsequeue/testing";
import { awsLacks } from "pulsequeue/aws";
import { awsHarness } from "./aws/life.ts";

const ran: ContractCase[] = [];
const skipped: ContractCase[] = [];

describe("the AWS engine on a platform in this process keeps the contract", () => {
  for (const contractCase of contractCases) {
    const lack = contractCase.requires.find((capability) => capability in awsLacks);
    (lack === undefined ? ran : skipped).push(contractCase);
    if (lack === undefined) it(contractCase.name, () => runContractCase(contractCase, awsHarness));
    else it.skip(`${contractCase.name} (not here: ${capabilities[lack]})`, () => undefined);
  }
});

it("skips what it cannot do, says why, and nothing else", () => {
  const reasons = Object.entries(awsLacks).map(([capability, reason]) => {
    const names = skipped.filter(({ requires }) => requires.some((required) => required === capability)).map(({ name }) => `  ${name}`);
    expect(names).not.toEqual([]);
    return `${capability}: ${reason}\n${names.join("\n")}`;
  });
  process.stdout.write(`${String(ran.length)} cases of the contract ran on the AWS engine, ${String(skipped.length)} were skipped:\n${reasons.join("\n")}\n`);
  expect([ran.length, skipped.length]).toEqual([211, 11]);
});
