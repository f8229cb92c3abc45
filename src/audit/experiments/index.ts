import type { Experiment } from "../experiment.ts";
import { doorExperiments } from "./door.ts";
import { operateExperiments } from "./operate.ts";
import { payloadExperiments } from "./payloads.ts";
import { signalExperiments } from "./signals.ts";
import { storeExperiments } from "./store.ts";
import { threatExperiments } from "./threats.ts";

export const experiments: readonly Experiment[] = [
  ...storeExperiments,
  ...doorExperiments,
  ...payloadExperiments,
  ...operateExperiments,
  ...signalExperiments,
  ...threatExperiments,
];
