/** The embedded engine: one process, one SQLite file. */
export { openLocal } from "./open.ts";
export { verifyLocal } from "./verify-closed.ts";
export type { LocalFacts, LocalQueue, LocalReadiness } from "./open.ts";
export { masterKeyFromCommand, masterKeyFromFile } from "./master-key.ts";
export type { FaultPoint, LocalOptions, Simulation, VaultOptions, VerifyProblem, VerifyReport } from "./options.ts";
export { faultPoints } from "./options.ts";
