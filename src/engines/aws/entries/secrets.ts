/** Values of declared secrets from Secrets Manager, kept for a few minutes: a rotated one is the new one soon, and no request asks for itself. */
import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Clock } from "../../../core/ports.ts";
import { machineClock } from "../../../machine/clock.ts";
import { cryptographic } from "../../../machine/random.ts";
import { retrying } from "../retry.ts";
import type { RuntimeOptions } from "./context.ts";

export type SecretsManager = Pick<SecretsManagerClient, "send">;

export interface ManagedSecretsOptions {
  readonly client: SecretsManager;
  /** What each secret is called in Secrets Manager, by its declared name: those of `deploymentOf(…).secrets` that the function needs. */
  readonly names: ReadonlyMap<string, string>;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** Numbers in [0, 1). @default a cryptographic source */
  readonly random?: () => number;
}

/** How old a value may be, milliseconds. */
const freshness = 5 * 60_000;

/**
 * What a function's options need to know secrets. One that has no value is missing to those who ask for it. What cannot be asked
 * for now keeps the value it had; without one, `prepare` rejects with `STORE_UNAVAILABLE` or `AWS_…`, and nothing runs.
 *
 * @example
 * handlerEntry(app, "charge", { dynamodb, sqs, ...managedSecrets({ client: new SecretsManagerClient(), names }) });
 */
export function managedSecrets(options: ManagedSecretsOptions): Required<Pick<RuntimeOptions, "secrets" | "prepare">> {
  const { client, names, clock = machineClock, random = cryptographic() } = options;
  const values = new Map<string, string | undefined>();
  let askedAt = Number.NEGATIVE_INFINITY;
  const ask = async (name: string, id: string): Promise<void> => {
    try {
      const command = new GetSecretValueCommand({ SecretId: id });
      values.set(name, (await retrying({ clock, random }, "Secrets Manager refused a value", () => client.send(command))).SecretString);
    } catch (thrown) {
      const isMissing = thrown instanceof Error && "code" in thrown && thrown.code === "AWS_RESOURCE_MISSING";
      if (isMissing) values.set(name, undefined);
      else if (!values.has(name)) throw thrown;
    }
  };
  return {
    secrets: (name) => values.get(name),
    async prepare() {
      if (clock.monotonic() - askedAt < freshness) return;
      await Promise.all([...names].map(([name, id]) => ask(name, id)));
      askedAt = clock.monotonic();
    },
  };
}
