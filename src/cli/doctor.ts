/** What can be wrong with a queue on this machine, as checks over facts. */
import type { HandlerView } from "../core/queue.ts";
import type { Topology } from "../core/topology.ts";
import type { Facts } from "./control/facts.ts";
import { bytes, plural } from "./output/text.ts";
import { age } from "./output/time.ts";

export interface Check {
  readonly name: string;
  /** A warning is worth knowing; a problem needs somebody. */
  readonly status: "ok" | "warning" | "problem";
  readonly detail: string;
  readonly fix?: string;
}

/** The oldest Node that runs this package: `engines` of package.json. */
const leastNode = [20, 19] as const;
/** A running engine that has left an event waiting this long is stuck or too slow, milliseconds. */
const longestWait = 5 * 60_000;
/** Below this much free space writes are about to fail. */
const leastSpace = 100 * 1024 * 1024;
/** A write-ahead log this large is not being copied into the file. */
const largestLog = 256 * 1024 * 1024;

export function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const isOld = major < leastNode[0] || (major === leastNode[0] && minor < leastNode[1]);
  return { name: "node", status: isOld ? "problem" : "ok", detail: version, ...(isOld ? { fix: `Use Node ${leastNode.join(".")} or newer.` } : {}) };
}

export function modeCheck(mode: number, name = "file mode"): Check {
  const isOpen = (mode & 0o077) !== 0;
  const detail = `mode ${(mode & 0o777).toString(8).padStart(4, "0")}`;
  return {
    name,
    status: isOpen ? "problem" : "ok",
    detail,
    ...(isOpen ? { fix: "Other users can read or write the file: run chmod 600 on it." } : {}),
  };
}

export function spaceCheck(free: number): Check {
  const isShort = free < leastSpace;
  return {
    name: "disk space",
    status: isShort ? "problem" : "ok",
    detail: `${bytes(free)} free`,
    ...(isShort ? { fix: "Free space: accepted events are safe, but new ones will be refused." } : {}),
  };
}

export function factChecks(facts: Facts): readonly Check[] {
  const isSafe = facts.synchronous === "full";
  const isLarge = facts.walBytes > largestLog;
  return [
    { name: "lock", status: "ok", detail: facts.live ? `held by the engine with pid ${String(facts.pid)}` : "free: no engine runs" },
    { name: "sqlite", status: "ok", detail: `${facts.sqlite}, journal mode ${facts.journalMode}` },
    {
      name: "durability",
      status: isSafe ? "ok" : "warning",
      detail: `synchronous ${facts.synchronous}`,
      ...(isSafe ? {} : { fix: 'Acknowledged events can be lost when the power fails: open the queue with durability "full".' }),
    },
    {
      name: "file",
      status: isLarge ? "warning" : "ok",
      detail: `${bytes(facts.bytes)}, write-ahead log ${bytes(facts.walBytes)}, last position ${String(facts.head)}${facts.afterCrash ? ", recovered after a crash" : ""}`,
      ...(isLarge ? { fix: "The write-ahead log is not being copied into the file: another program may be reading it." } : {}),
    },
    ...(facts.strangers.length === 0
      ? []
      : [
          {
            name: "strangers",
            status: "warning" as const,
            detail: `the file knows handlers that the app does not declare: ${facts.strangers.join(", ")}`,
            fix: "What waits for them is never handled: declare them again, or replay their events to another handler.",
          },
        ]),
  ];
}

export function handlerChecks(handlers: readonly HandlerView[], isLive: boolean): readonly Check[] {
  const waiting = handlers.reduce((sum, { counts }) => sum + counts.ready + counts.running + counts.retrying + counts.parked, 0);
  const dead = handlers.filter(({ counts }) => counts.dead > 0);
  const paused = handlers.filter((handler) => handler.paused);
  const oldest = Math.max(0, ...handlers.filter((handler) => !handler.paused).map((handler) => handler.oldestReady ?? 0));
  const isStuck = isLive && oldest > longestWait;
  return [
    {
      name: "backlog",
      status: isStuck ? "problem" : "ok",
      detail: `${String(waiting)} waiting${waiting === 0 ? "" : `, the oldest for ${age(oldest)}`}`,
      ...(isStuck ? { fix: "See which handler is behind with `pulsequeue handlers ls`, and why with `pulsequeue deliveries ls --handler <name>`." } : {}),
    },
    {
      name: "dead letters",
      status: dead.length === 0 ? "ok" : "problem",
      detail: dead.length === 0 ? "none" : dead.map(({ name, counts }) => `${name} ${String(counts.dead)}`).join(", "),
      ...(dead.length === 0 ? {} : { fix: "Read the causes with `pulsequeue dlq ls`, then `dlq redrive` or `dlq discard`." }),
    },
    {
      name: "paused",
      status: paused.length === 0 ? "ok" : "warning",
      detail: paused.length === 0 ? "no handler" : paused.map(({ name, pauseReason }) => `${name} (${pauseReason ?? ""})`).join(", "),
      ...(paused.length === 0 ? {} : { fix: `Let ${paused.length === 1 ? "it" : "them"} go on with \`pulsequeue handlers resume\`.` }),
    },
  ];
}

/** By name only: neither values nor where they come from are shown. */
export function secretsCheck(names: readonly string[], missing: readonly string[]): Check {
  return {
    name: "secrets",
    status: missing.length === 0 ? "ok" : "problem",
    detail: missing.length === 0 ? `${String(names.length)} declared, none missing` : `no value for ${missing.join(", ")}`,
    ...(missing.length === 0 ? {} : { fix: "Set PULSEQUEUE_SECRET_<NAME> to env:NAME or file:/path; a secret's file must not be open to other users." }),
  };
}

export function declaresPersonalData({ events, tables }: Pick<Topology, "events" | "tables">): boolean {
  return [...events.values(), ...tables.values()].some(({ pii }) => pii.length > 0);
}

/** Personal data at rest; no check where none is declared. `hasKey`: whether a master key is given. */
export function personalDataChecks(topology: Pick<Topology, "events" | "tables">, hasKey: boolean): readonly Check[] {
  if (!declaresPersonalData(topology)) return [];
  const name = "personal data";
  if (hasKey) return [{ name, status: "ok", detail: "encrypted at rest" }];
  const fix = "Give a master key with --key-file or PULSEQUEUE_KEY_FILE before real data comes in; what was stored before stays as it is.";
  return [{ name, status: "warning", detail: "declared, and stored unencrypted", fix }];
}

export function summary(checks: readonly Check[]): string {
  const problems = checks.filter((check) => check.status === "problem").length;
  const warnings = checks.filter((check) => check.status === "warning").length;
  if (problems + warnings === 0) return "no problem found";
  return [...(problems > 0 ? [plural(problems, "problem")] : []), ...(warnings > 0 ? [plural(warnings, "warning")] : [])].join(", ");
}
