/** The embedded engine: one process, one SQLite file. */
export { openLocal } from "./open.ts";
export type { LocalFacts, LocalQueue } from "./open.ts";
export type { FaultPoint, LocalOptions, Simulation } from "./options.ts";
export { faultPoints } from "./options.ts";
export type { VerifyProblem, VerifyReport } from "./verify.ts";
