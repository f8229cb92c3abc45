/** Test tools: a virtual clock, the contract that every engine keeps, applications run in memory, and a simulated AWS. */
export { awsFaultKinds, calmAwsPlan, drawAwsPlan, seededAwsFaults } from "./aws/seeded-faults.ts";
export type { AwsFaultKind, AwsFaultPlan, SeededAwsFaults } from "./aws/seeded-faults.ts";
export { simulateAws } from "./aws/simulate.ts";
export type { AwsEngine, OpenedQueue, SimulateAwsOptions, SimulatedAws } from "./aws/simulated-aws.ts";
export { virtualClock } from "./clock.ts";
export type { ClockPort, VirtualClock, VirtualClockOptions } from "./clock.ts";
export { capabilities, runContractCase } from "./contract/types.ts";
export type { Capability, ContractCase, ContractEngine, ContractHarness, ContractOptions } from "./contract/types.ts";
export { contractCases } from "./contract/index.ts";
export { drain, pass, settle } from "./drive.ts";
export { beginLife, SimulatedCrash } from "./local-life.ts";
export type { Life, LifeOptions } from "./local-life.ts";
export { seededRandom } from "./random.ts";
export type { SeededRandom } from "./random.ts";
export { testApp } from "./test-app.ts";
export type { TestApp, TestAppOptions, TestTable } from "./test-app.ts";
