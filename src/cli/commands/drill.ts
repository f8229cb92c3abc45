import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { isPulseQueueError } from "../../core/errors.ts";
import type { EventView } from "../../core/queue.ts";
import { runs, type Call, type Session } from "../call.ts";
import type { Control } from "../control/control.ts";
import { CommandError, exit, type ExitCode } from "../exit.ts";
import { loadApp } from "../load/app.ts";
import { shown } from "../load/locate.ts";
import { vaultOf, type Settings } from "../load/settings.ts";
import { plural } from "../output/text.ts";
import { age, parseLength } from "../output/time.ts";
import { withFile } from "../with-file.ts";

interface DrillOptions {
  readonly backup?: string;
  readonly mostLost: string;
}

export function addDrill(program: Command, session: Session): void {
  const command = new Command("drill")
    .description(
      "prove that the file can be restored: back up, lose it, restore it in an empty folder, check it against the live one, count what can be replayed; exit code 3 where something is missing",
    )
    .option("--backup <path>", "restore this backup, as after a real loss (default: one that is made now)")
    .option("--most-lost <duration>", "how much time a loss may cost; exit code 3 beyond", "1d");
  runs<DrillOptions>(command, session, drill);
  program.addCommand(command);
}

/** Events read at once. */
const page = 1_000;

interface Report {
  readonly backup: { readonly bytes: number; readonly position: number };
  readonly restored: { readonly events: number; readonly problems: number };
  /** Positions of events that were accepted before the backup and are not in it. */
  readonly missing: readonly number[];
  /** Events that were accepted since, and would be lost. */
  readonly lost: number;
  /** Deliveries that a replay would make from the restored file. */
  readonly replayable: number;
  /** Recovery point and recovery time, milliseconds: what a loss now costs, and how long it takes until the restored file is checked. */
  readonly rpo: number;
  readonly rto: number;
  readonly ok: boolean;
}

async function drill(call: Call<DrillOptions>): Promise<ExitCode> {
  const settings = await call.settings();
  const mostLost = parseLength("--most-lost", call.options.mostLost);
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-drill-")); // for this user only
  try {
    const report = await call.print.progress("drilling", (tell) =>
      withFile(settings, call.io, (live) => rehearse(live, { settings, call, folder, mostLost, tell }), "refuse"),
    );
    call.print.result(report, () => describe(call, report));
    return report.ok ? exit.ok : exit.problem;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Rehearsal {
  readonly settings: Settings;
  readonly call: Call<DrillOptions>;
  readonly folder: string;
  readonly mostLost: number;
  readonly tell: (done: string) => void;
}

async function rehearse(live: Control, { settings, call, folder, mostLost, tell }: Rehearsal): Promise<Report> {
  const { io, options } = call;
  const made = options.backup === undefined ? undefined : resolve(io.cwd, options.backup);
  if (made !== undefined && !existsSync(made))
    throw new CommandError("FILE_MISSING", `There is no backup ${shown(made, io.cwd)}`, "Name a file that `pulsequeue backup` made.");
  const begun = io.now();
  const before = await live.facts({});
  const backup = made ?? join(folder, "backup.db");
  tell("backup");
  if (made === undefined) await live.backup({ target: backup });
  const taken = made === undefined ? begun : statSync(made).mtimeMs;

  const lostAt = io.now(); // from here on the live file is only looked at, to compare
  tell("restore");
  const file = join(folder, "restored.db");
  copyFileSync(backup, file);
  const keyring = [`${backup}-keyring`, `${settings.file}-keyring`].find((path) => existsSync(path));
  if (keyring !== undefined) copyFileSync(keyring, `${file}-keyring`);
  const app = await loadApp(settings.app, io.cwd);
  const { openLocal, verifyLocal } = await import("../../engines/local/index.ts");
  const { localControl } = await import("../control/local.ts");
  const bytes = statSync(backup).size;
  const rpo = Math.max(0, lostAt - taken);
  // Never started: no handler runs, and nobody outside is called.
  const queue = await openLocal(app, { file, secrets: () => "", ...vaultOf(settings) }).catch(whereDamaged);
  if (queue === undefined) {
    const { events, problems } = await verifyLocal(file);
    const restored = { events, problems: Math.max(1, problems.length) };
    return { backup: { bytes, position: 0 }, restored, missing: [], lost: before.head, replayable: 0, rpo, rto: io.now() - lostAt, ok: false };
  }
  try {
    const restored = localControl(app, queue, false);
    const verified = await restored.verify({}, tell);
    const rto = io.now() - lostAt;
    const { head } = await restored.facts({});
    tell("compare");
    // What is damaged cannot be read, and need not be compared.
    const missing = verified.ok ? await missingOf(live, restored, head) : [];
    // Of a backup that was made now everything that was there before it must be in it.
    if (made === undefined && head < before.head) missing.push(before.head);
    return {
      backup: { bytes, position: head },
      restored: { events: verified.events, problems: verified.problems.length },
      missing,
      lost: Math.max(0, (await live.facts({})).head - head),
      replayable: verified.ok ? await replayableOf(restored, io.now()) : 0,
      rpo,
      rto,
      ok: verified.ok && missing.length === 0 && rpo <= mostLost,
    };
  } finally {
    await queue.close();
  }
}

/** A backup that no engine opens is what the drill is there to find. */
function whereDamaged(thrown: unknown): undefined {
  if (!isPulseQueueError(thrown) || thrown.code !== "STORE_CORRUPT") throw thrown;
}

/** Positions up to `head` at which the live file has an event that the restored one does not have, or another one. */
async function missingOf(live: Control, restored: Control, head: number): Promise<number[]> {
  const missing: number[] = [];
  for (let after = 0; after < head;) {
    const [expected, found] = await Promise.all([live.events({ after, limit: page }), restored.events({ after, limit: page })]);
    const known = new Map(found.map((event) => [event.sequence, identityOf(event)]));
    for (const event of expected) if (event.sequence <= head && known.get(event.sequence) !== identityOf(event)) missing.push(event.sequence);
    // Retention may have removed events of the live file since: it decides how far both are compared.
    const last = expected.at(-1)?.sequence;
    if (last === undefined) break;
    after = last;
  }
  return missing;
}

const identityOf = ({ source, id, type, tenant }: EventView): string => JSON.stringify([source, id, type, tenant ?? null]);

async function replayableOf(restored: Control, now: number): Promise<number> {
  let count = 0;
  for (const { name } of await restored.handlers({})) {
    const result = await restored.replay({ handler: name, from: 0, to: now + 1, reason: "drill", dryRun: true });
    count += result.count;
  }
  return count;
}

function describe(call: Call<DrillOptions>, { backup, restored, missing, lost, replayable, rpo, rto, ok }: Report): string {
  const word = ok ? call.print.paint("green", "restored") : call.print.paint("red", "not restored");
  return [
    `${word}: ${plural(restored.events, "event")} up to position ${String(backup.position)}, ${plural(restored.problems, "problem")}, ${String(missing.length)} missing`,
    `recovery point: a loss now costs ${age(rpo)}, ${plural(lost, "event")}`,
    `recovery time: ${age(rto)} until the restored file was open and checked`,
    `replay: ${replayable.toLocaleString("en")} deliveries can be made again`,
    ...missing.slice(0, 10).map((position) => `  missing: the event at position ${String(position)}`),
    ...(ok ? [] : ["  what to do: `pulsequeue verify` the live file, take a new backup, and run this again; back up more often where too much would be lost"]),
  ].join("\n");
}
