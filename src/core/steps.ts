import { PulseQueueError } from "./errors.ts";
import { decodeJson, encodeJson, type Json } from "./json.ts";
import { limits } from "./limits.ts";

/** Where finished steps are kept. */
export interface StepMemory {
  load(): Promise<ReadonlyMap<string, string>>;
  save(name: string, result: string): Promise<boolean>;
}

/** The text under which a step's result is kept. Throws `STEP_INVALID` for what is not JSON. */
export function encodeStep(name: string, result: unknown): string {
  if (result === undefined) return "";
  try {
    return encodeJson(result, `The result of step ${name}`, limits.eventBytes);
  } catch (cause) {
    throw new PulseQueueError("STEP_INVALID", cause instanceof Error ? cause.message : `The result of step ${name} is not JSON`, { cause });
  }
}

/** The result that `encodeStep` wrote. */
export function decodeStep(text: string): Json | undefined {
  return text === "" ? undefined : decodeJson(text);
}
