/** What the client and the process that is killed say to each other. */
import type { HandlerView, Json, LedgerEntry, Receipt } from "pulsequeue";
import type { FaultPoint, VerifyReport } from "pulsequeue/local";
import type { Charge } from "./app.ts";

export interface ServerSettings {
  readonly file: string;
  readonly seed: number;
  /** Whether what is settled is delivered once more now and then, and what waits is put in another order. */
  readonly duplicates: boolean;
  /** How far the machine's time of day was set back before the process started, milliseconds. */
  readonly setBack: number;
  /** Where in the engine the process kills itself with SIGKILL: at this point, when it is reached for this time. */
  readonly killAt: { readonly point: FaultPoint; readonly time: number } | undefined;
  /** How long a drain waits without anything moving before it gives up, milliseconds. */
  readonly patience: number;
}

export type EventName = "item.added" | "step.taken" | "task.given" | "payment.due" | "reminder.due" | "stock.arrived";
export type EndpointName = "bump" | "reserve" | "heal";

/** What a client asks for. The client chooses ids and keys, so that it can ask again after a crash. */
export type Request =
  | { readonly do: "publish"; readonly event: EventName; readonly id: string; readonly data: Json; readonly delay: number }
  | {
      readonly do: "publish-many";
      readonly data: readonly { readonly token: string; readonly bucket: string; readonly amount: number; readonly slow: number }[];
    }
  | { readonly do: "invoke"; readonly endpoint: EndpointName; readonly key: string; readonly body: Json }
  | { readonly do: "redrive"; readonly eventId: string; readonly reason: string }
  | { readonly do: "pause" | "resume"; readonly handler: string; readonly reason: string }
  | { readonly do: "backup"; readonly target: string };

/** A position of the journal and the hash there. */
export interface ChainLink {
  readonly seq: number;
  readonly hash: string;
}

export type Answer =
  | { readonly receipts: readonly Receipt[] }
  | { readonly status: number; readonly body: Json; readonly replayed: boolean }
  | { readonly count: number }
  /** The last event in a backup, as the client found it there. */
  | { readonly head: ChainLink };

/** The code of a refusal that came as the answer of an endpoint. */
export function codeOf(answer: Answer): string | undefined {
  if (!("status" in answer) || answer.status < 400) return undefined;
  const { body } = answer;
  return typeof body === "object" && body !== null && "code" in body && typeof body["code"] === "string" ? body["code"] : `status ${String(answer.status)}`;
}

/** How the engine itself describes the state at rest. */
export interface Views {
  /** Whether nothing was left to do; `false` when nothing moved any more although something was left. */
  readonly atRest: boolean;
  readonly verify: VerifyReport;
  readonly deadLetters: readonly {
    readonly eventId: string;
    readonly handler: string;
    readonly attempts: number;
    readonly code: string;
    readonly data: Json;
  }[];
  readonly handlers: readonly HandlerView[];
  readonly operations: readonly LedgerEntry[];
  /** The rows of three tables. */
  readonly counters: readonly Json[];
  readonly stock: readonly Json[];
  readonly sequences: readonly Json[];
}

export type ToServer =
  | { readonly type: "open"; readonly settings: ServerSettings }
  | { readonly type: "request"; readonly call: number; readonly request: Request }
  | { readonly type: "charged"; readonly call: number; readonly charge: Charge }
  | { readonly type: "drain" };

/** Something that happened in the process and that nobody asked for. */
export type Fact =
  | { readonly type: "attempt"; readonly handler: string; readonly event: string; readonly attempt: number }
  | { readonly type: "kept"; readonly key: string; readonly call: number };

export type FromServer =
  | { readonly type: "booted" }
  | { readonly type: "ready"; readonly afterCrash: boolean }
  /** The file could not be opened, or the process cannot go on. */
  | { readonly type: "died"; readonly code: string; readonly message: string }
  | { readonly type: "answer"; readonly call: number; readonly answer: Answer }
  | { readonly type: "failure"; readonly call: number; readonly code: string }
  | { readonly type: "charge"; readonly call: number; readonly key: string; readonly event: string }
  | { readonly type: "fact"; readonly fact: Fact }
  | { readonly type: "drained"; readonly views: Views };
