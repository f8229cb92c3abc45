import { accessChecks } from "./checks/access.ts";
import type { InfraCheck } from "./checks/check.ts";
import { flowChecks } from "./checks/flow.ts";
import { groundChecks } from "./checks/ground.ts";
import { storeChecks } from "./checks/stores.ts";

export { runCheck, type Answer, type Finding, type InfraCheck, type Result } from "./checks/check.ts";
export { accountInfra, openModules, stackInfra, type ParseHcl } from "./hcl/files.ts";
export type { ModuleFiles } from "./hcl/module.ts";
export { planInfra } from "./plan.ts";
export { isUnknown, type Fields, type Infra, type Resource } from "./resource.ts";

/** Every check, by its id. */
export const infraChecks: ReadonlyMap<string, InfraCheck> = new Map(
  [...storeChecks, ...flowChecks, ...accessChecks, ...groundChecks].map((check) => [check.id, check]),
);
