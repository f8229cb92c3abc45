/** Values that Powertools reads and keeps: a rotated one is the new one soon, and no request asks for itself. */
import { ParameterNotFoundError } from "@aws-lambda-powertools/parameters/errors";
import { awsError } from "../engines/aws/errors.ts";
import type { Secrets } from "./secret-source.ts";

/** `maxAge`: how old a value may be, seconds. */
const options = { maxAge: 5 * 60, throwOnMissing: true } as const;

/**
 * `names`: those that the function may read. One that has no value is missing to those who ask for it. What cannot be read now keeps
 * the value it had; without one, `prepare` rejects with `AWS_…` or `STORE_UNAVAILABLE`, and nothing runs.
 * `store` is named in that error; what the store answered is not, except for the kind of its refusal.
 */
export function keptValues(store: string, names: readonly string[], get: (name: string, given: typeof options) => Promise<unknown>): Secrets {
  const values = new Map<string, string | undefined>();
  const read = async (name: string): Promise<void> => {
    try {
      const value = await get(name, options);
      values.set(name, typeof value === "string" ? value : undefined);
    } catch (thrown) {
      if (thrown instanceof ParameterNotFoundError) values.set(name, undefined);
      else if (!values.has(name)) throw awsError(thrown instanceof Error ? (thrown.cause ?? thrown) : thrown, `${store} refused the value of ${name}`);
    }
  };
  return {
    secret: (name) => values.get(name),
    prepare: async () => {
      await Promise.all(names.map(read));
    },
  };
}
