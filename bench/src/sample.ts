import type { Figures } from "./measurement.ts";
import type { PeerName } from "./peer.ts";
import type { Work } from "./works/index.ts";

/** What is measured: a peer, PulseQueue with few or with many events, or on AWS the same work by hand. */
export type Subject = PeerName | "few" | "many" | "powertools";

export interface Sample {
  readonly work: Work;
  readonly subject: Subject;
  readonly repetition: number;
  readonly figures: Figures;
}

/** A measurement without a figure. */
export interface Problem {
  readonly work: Work;
  readonly subject: Subject;
  readonly repetition: number;
  /** Whether a check found what it did to be wrong; otherwise it could not be carried out. */
  readonly check: boolean;
  readonly message: string;
}
