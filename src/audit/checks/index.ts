import type { Check } from "../check.ts";
import { checklistChecks } from "./checklist.ts";
import { codeChecks } from "./code.ts";
import { documentChecks } from "./document.ts";
import { iamChecks } from "./iam.ts";
import { incidentChecks } from "./incidents.ts";
import { monitoringChecks } from "./monitoring.ts";
import { networkChecks } from "./network.ts";
import { pipelineChecks } from "./pipeline.ts";
import { qualityChecks } from "./quality.ts";
import { secretChecks } from "./secrets.ts";
import { storeChecks } from "./stores.ts";

/** Every check, those that sum up others behind them. */
export const checks: readonly Check[] = [
  ...iamChecks,
  ...storeChecks,
  ...networkChecks,
  ...codeChecks,
  ...qualityChecks,
  ...secretChecks,
  ...monitoringChecks,
  ...pipelineChecks,
  ...checklistChecks,
  ...incidentChecks,
  ...documentChecks(() => checks),
];
