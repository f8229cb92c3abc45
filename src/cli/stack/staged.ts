/** Moves the traffic of a deployment to new versions in two steps, watched by its alarms, and back. */
import type { FunctionTraffic, LiveTraffic } from "../aws/live-traffic.ts";

/** How often alarms are looked at, milliseconds: CloudWatch judges a minute at a time. */
const lookEvery = 15_000;

export interface StagedOptions {
  readonly prefix: string;
  /** Part of the traffic that tries the new versions. */
  readonly weight: number;
  /** How long they are tried, milliseconds. */
  readonly bake: number;
  /** Who moves it, and why. */
  readonly note: string;
}

export type Outcome =
  | { readonly state: "live" }
  /** What rang; everything has its old traffic again. */
  | { readonly state: "rolled back"; readonly ringing: readonly string[] };

/** Functions that do not run their newest version yet. */
export function waitingOf(functions: readonly FunctionTraffic[]): readonly FunctionTraffic[] {
  return functions.filter(({ live, newest }) => live !== newest);
}

/** Whatever goes wrong on the way, every function has the traffic that it had before. Throws what AWS refused. */
export async function deployStaged(
  traffic: LiveTraffic,
  functions: readonly FunctionTraffic[],
  { prefix, weight, bake, note }: StagedOptions,
  tell: (done: string) => void,
): Promise<Outcome> {
  const touched: FunctionTraffic[] = [];
  try {
    for (const each of functions) {
      touched.push(each);
      await traffic.route(each.name, each.live, { version: each.newest, weight });
    }
    for (let passed = 0; passed < bake; passed += lookEvery) {
      await traffic.wait(Math.min(lookEvery, bake - passed));
      tell(`${String(Math.round(Math.min(bake, passed + lookEvery) / 1_000))} of ${String(Math.round(bake / 1_000))} s watched`);
      const { ringing } = await traffic.alarms(prefix);
      if (ringing.length > 0) {
        await restore(traffic, touched);
        return { state: "rolled back", ringing };
      }
    }
    for (const { name, live, newest } of functions) {
      await traffic.remember(name, live, note);
      await traffic.route(name, newest);
    }
    return { state: "live" };
  } catch (thrown) {
    await restore(traffic, touched);
    throw thrown;
  }
}

/** Each function for itself: one that cannot be restored must not keep the others from it. */
async function restore(traffic: LiveTraffic, functions: readonly FunctionTraffic[]): Promise<void> {
  const results = await Promise.allSettled(functions.map(({ name, live }) => traffic.route(name, live)));
  const refused = results.find((result) => result.status === "rejected");
  if (refused !== undefined) throw refused.reason;
}

export interface WayBack {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** Where each function goes back to: from a candidate to what is live, else to what was live before. */
export function waysBack(functions: readonly FunctionTraffic[]): readonly WayBack[] {
  return functions.flatMap(({ name, live, candidate, previous }) => {
    if (candidate !== undefined) return [{ name, from: candidate.version, to: live }];
    return previous === undefined || previous === live ? [] : [{ name, from: live, to: previous }];
  });
}

export async function goBack(traffic: LiveTraffic, ways: readonly WayBack[], note: string): Promise<void> {
  for (const { name, to } of ways) {
    await traffic.route(name, to);
    await traffic.remember(name, to, note);
  }
}
