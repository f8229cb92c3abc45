import { PulseQueueError } from "./errors.ts";
import { checkName } from "./names.ts";
import { buildTopology, type AppOptions, type Topology } from "./topology.ts";

/** A declared and validated application. */
export interface App<Name extends string = string> {
  readonly kind: "app";
  readonly name: Name;
  readonly topology: Topology;
}

/**
 * Declares an application and validates its whole topology.
 *
 * @example
 * export default defineApp("orders", { handlers: [reserveStock], endpoints: [placeOrder], schedules: [sweep] });
 *
 * Throws `TOPOLOGY_INVALID` with every problem found, each with what to do about it.
 */
export function defineApp<const Name extends string>(name: Name, options: AppOptions): App<Name> {
  checkName("app", name);
  return Object.freeze({ kind: "app" as const, name, topology: buildTopology(name, options) });
}

/** `value` as an `App`. Throws `APP_NOT_LOADED` for anything that `defineApp` did not make. */
export function asApp(value: unknown): App {
  if (typeof value === "object" && value !== null && "kind" in value && value.kind === "app" && "topology" in value) return value as App;
  throw new PulseQueueError("APP_NOT_LOADED", "This value is not an app");
}
