/**
 * `npm run crash -- --sealed`: a process that seals personal data is killed at random moments on one file. After each kill every
 * acknowledged event opens, and no file beside the database holds a word of it in clear.
 */
import { fork } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { openLocal } from "pulsequeue/local";
import type { SeededRandom } from "../../src/testing/random.ts";
import { canary, canaryOf, masterKey, sealedApp } from "./sealed-app.ts";

export interface SealedResult {
  readonly cycles: number;
  readonly acknowledged: number;
  readonly violations: readonly string[];
}

export async function runSealed(script: string, file: string, cycles: number, random: SeededRandom): Promise<SealedResult> {
  const acknowledged: number[] = [];
  const violations: string[] = [];
  for (let cycle = 0; cycle < cycles && violations.length === 0; cycle += 1) {
    acknowledged.push(...(await untilKilled(script, file, (cycle + 1) * 1_000_000, random.below(200))));
    violations.push(...inClear(file), ...(await unreadable(file, acknowledged)));
  }
  return { cycles, acknowledged: acknowledged.length, violations };
}

/** Runs the process until so many milliseconds after its first acknowledgement; answers what it acknowledged. */
async function untilKilled(script: string, file: string, first: number, milliseconds: number): Promise<readonly number[]> {
  const child = fork(script, [file, String(first)]);
  const told: number[] = [];
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const begun = new Promise<void>((resolve) => {
    child.on("message", (ids) => {
      told.push(...(ids as readonly number[]));
      resolve();
    });
  });
  const code = await Promise.race([begun, ended]);
  if (typeof code === "number") throw new Error(`the process ended by itself with ${String(code)}`);
  await setTimeout(milliseconds);
  child.kill("SIGKILL");
  await ended;
  return told;
}

/** Everything in the folder: the database, its log, its keys. */
function inClear(file: string): readonly string[] {
  const folder = dirname(file);
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return names.filter(({ name }) => readFileSync(join(folder, name)).includes(canary)).map(({ name }) => `${name} holds personal data in clear`);
}

async function unreadable(file: string, acknowledged: readonly number[]): Promise<readonly string[]> {
  const queue = await openLocal(sealedApp, { file, vault: { masterKey } });
  const found = new Map<string, unknown>();
  const limit = 1_000;
  for (let after = 0, isMore = true; isMore;) {
    const events = await queue.inspect.events({ after, limit });
    for (const { id, data } of events) found.set(id, data);
    after = events.at(-1)?.sequence ?? after;
    isMore = events.length === limit;
  }
  await queue.close();
  return acknowledged
    .filter((number) => (found.get(`s-${String(number)}`) as { readonly email?: string } | undefined)?.email !== canaryOf(number))
    .map((number) => `the acknowledged event s-${String(number)} is not there, or does not open`)
    .slice(0, 5);
}
