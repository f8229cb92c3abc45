/** What the process that serves and the process that asks tell each other. */
export interface ServerSettings {
  readonly file: string;
  /** How long the handler takes for an event; `undefined`: no handler runs. */
  readonly handlerMilliseconds: number | undefined;
}

export interface Ready {
  readonly type: "ready";
  readonly port: number;
  readonly tokens: Readonly<Record<"publisher" | "tenantA" | "tenantB", string>>;
}

export interface State {
  readonly type: "state";
  /** Events that the handler has taken. */
  readonly handled: number;
  /** The largest that the process ever was. */
  readonly peakMemoryMiB: number;
}

export type FromServer = Ready | State;

export interface ToServer {
  readonly type: "state" | "end";
}

/** Answers 204. */
export const emptyPath = "/empty";
/** Reads a body and answers as a published event is answered, without looking at it. */
export const barePath = "/bare";
