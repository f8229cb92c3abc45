export { alarmKinds, alarmsOf, type Alarm, type AlarmKind } from "./alarms.ts";
export { arnsOf, type Arns } from "./arns.ts";
export { parseEnvironment, type Environment, type State } from "./environment.ts";
export { deliveryCost, eventCost, handWiredCost, handWiredEventCost, usualWorkload, type Cost, type Workload } from "./cost/cost.ts";
export { listPrices, parsePrices, type Prices } from "./cost/prices.ts";
export { backendFile, driftOf, filesOf, policyFolder, sealFile, variablesFile, type Drift, type Files } from "./files.ts";
export { infrastructureOf, lambdaRuntime, stateOf, type Infrastructure, type StackVariables } from "./infrastructure.ts";
export { permissionChanges, permissionsOf, permissionText, type Permission, type PermissionChange } from "./permissions.ts";
export type { Policy, Statement } from "./policy.ts";
