/** One measurement is one fresh process: what it is asked, and how it is run. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { CheckFailed } from "./check.ts";
import type { PeerName, Place } from "./peer.ts";
import type { ComparedWork, DoorWork } from "./works/index.ts";

/** Named numbers; the name tells the unit. */
export type Figures = Readonly<Record<string, number>>;

export interface MeasureOptions {
  readonly jobs: number;
  /** Events that are there already: waiting, or in the journal. */
  readonly size: number;
  /** How long the overload lasts; the other works over HTTP take shorter. */
  readonly seconds: number;
  readonly place: Place;
  /** The same work runs here first, on few jobs, so that the measured code is compiled. */
  readonly warmUp: Place;
}

export type Step = ComparedWork | DoorWork | "aws" | "aws-powertools" | "fill-backlog" | "backlog" | "fill-journal" | "journal" | "be-killed" | "recover";

export interface MeasureRequest {
  readonly step: Step;
  readonly peer: PeerName;
  readonly options: MeasureOptions;
}

/** What the process says: its figures, why it has none, or that it may be killed now. */
export type MeasureAnswer =
  | { readonly type: "figures"; readonly figures: Figures }
  | { readonly type: "failed"; readonly check: boolean; readonly message: string }
  | { readonly type: "ready-to-die" };

/** Runs one measurement in a process of its own. Rejects with `CheckFailed` where what it did was not right. */
export function measure(request: MeasureRequest, signal: AbortSignal): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL("./measure.js", import.meta.url)), { signal, killSignal: "SIGKILL", execArgv: [] });
    let answer: MeasureAnswer | undefined;
    child.on("message", (message) => {
      answer = message as MeasureAnswer;
      if (answer.type === "ready-to-die") child.kill("SIGKILL");
    });
    child.on("error", reject);
    child.on("exit", (code, killedBy) => {
      if (answer?.type === "figures") resolve(answer.figures);
      else if (answer?.type === "ready-to-die") resolve({});
      else if (answer?.type === "failed" && answer.check) reject(new CheckFailed(answer.message));
      else reject(new Error(answer?.message ?? `the process ended without an answer (${killedBy ?? String(code)})`));
    });
    child.send(request);
  });
}
