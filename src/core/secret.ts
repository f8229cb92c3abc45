import { checkName } from "./names.ts";

/** A declared secret: a name. Its value comes from the engine's secret source, never from the declaration. */
export interface SecretDefinition<Name extends string = string> {
  readonly kind: "secret";
  readonly name: Name;
}

/** Declares a secret. Throws `DECLARATION_INVALID` for a name that cannot work. */
export function defineSecret<const Name extends string>(name: Name): SecretDefinition<Name> {
  checkName("secret", name);
  return Object.freeze({ kind: "secret" as const, name });
}
