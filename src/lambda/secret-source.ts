/** Where a function has the values of its declared secrets from. */
import type { Deployment } from "../core/deployment.ts";

export interface Secrets {
  /** The value as it was read last. */
  readonly secret: (name: string) => string | undefined;
  /** To be awaited before each invocation: reads what is missing or old. Throws `SECRET_MISSING`. */
  readonly prepare: () => Promise<void>;
}

export type OpenSecrets = (deployment: Pick<Deployment, "secrets">, names: readonly string[]) => Secrets;

/** For a function that reads none: its bundle needs no client for them. */
export const noSecrets: OpenSecrets = () => ({ secret: () => undefined, prepare: () => Promise.resolve() });
