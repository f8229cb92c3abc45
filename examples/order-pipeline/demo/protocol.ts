/** What the demonstration and the engine's process say to each other. */
import type { InvokeRequest, InvokeResponse } from "pulsequeue";
import type { Measured } from "./measure.ts";
import type { EngineName } from "./options.ts";
import type { History } from "./history.ts";

/** What the engine's process is started with. */
export interface EngineSettings {
  readonly engine: EngineName;
  readonly file: string;
  readonly providerFile: string;
  readonly seed: number;
  /** Shares from 0 to 1. */
  readonly declines: number;
  readonly timeouts: number;
  readonly duplicates: number;
}

export type EndpointName = "place-order" | "cancel-order" | "refund-order" | "set-product" | "receive-stock";

export type Command =
  | { readonly type: "invoke"; readonly id: number; readonly endpoint: EndpointName; readonly request: InvokeRequest }
  /** Answered once nothing moves any more. */
  | { readonly type: "rest"; readonly id: number }
  /** Ids of the confirmed orders. */
  | { readonly type: "confirmed"; readonly id: number }
  /** Where the engine is not one process: kills all of its functions. */
  | { readonly type: "kill"; readonly id: number }
  /** What happened, of an engine that leaves no file. */
  | { readonly type: "measure"; readonly id: number; readonly placed: readonly string[]; readonly history: Omit<History, "placed"> };

export type Message =
  | { readonly type: "ready" }
  | { readonly type: "answer"; readonly id: number; readonly answer: InvokeResponse | Rest | Measured | readonly string[] | undefined }
  /** What was asked for was killed: it may or may not have been done. */
  | { readonly type: "lost"; readonly id: number }
  /** Orders that were looked at and confirmed since this process started. */
  | { readonly type: "progress"; readonly decided: number; readonly confirmed: number }
  | { readonly type: "failed"; readonly message: string };

export interface Rest {
  /** Whether every order has ended. */
  readonly atRest: boolean;
  readonly deadLetters: number;
}
