/** `npm run demo`: a flash sale on a real file, and the proof that it held. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileBook } from "../providers/book.ts";
import { EngineProcess } from "./engine-process.ts";
import { measure } from "./measure.ts";
import { exitUsage, exitViolation, readOptions, type DemoOptions } from "./options.ts";
import { progressBar } from "./progress.ts";
import { asJson, asTable, type DemoResult } from "./report.ts";
import { fillShelves, refundSome, rush, type History } from "./rush.ts";

const exitInterrupted = 130;

async function run(options: DemoOptions, file: string, engine: (onProgress: (confirmed: number) => void) => EngineProcess): Promise<DemoResult> {
  const history: History = { placed: new Set(), duplicates: 0, unknown: 0, refused: [], tooLate: 0 };
  const bar = progressBar(options.orders, process.stderr);
  let submitted = 0;
  let confirmed = 0;
  let kills = 0;
  let restarting: Promise<void> = Promise.resolve();
  /** The first kill hits the hottest moment, while payments are under way; the others are spread over the rush. */
  const killIfDue = (): void => {
    const isHot = kills === 0 && confirmed >= (options.skus * options.units) / 8;
    const isDue = submitted >= ((kills + 1) * options.orders) / (options.kills + 1);
    if (kills >= options.kills || !(isHot || isDue)) return;
    kills += 1;
    restarting = restarting.then(() => process_.restart());
    restarting.catch(() => undefined); // the buyers hear of it
  };
  const process_ = engine((count) => {
    confirmed = count;
    killIfDue();
    bar.show(submitted, `${count.toLocaleString("en")} confirmed`);
  });
  try {
    await process_.start();
    await fillShelves(process_, options);
    const started = performance.now();
    await rush(process_, options, history, (count) => {
      submitted = count;
      killIfDue();
    });
    await restarting;
    const { atRest: cameToRest } = await process_.rest();
    const seconds = (performance.now() - started) / 1_000;
    const refundsAsked = await refundSome(process_, options, history);
    const { atRest, deadLetters } = await process_.rest();
    await process_.close();
    const book = fileBook(`${file}.provider`);
    const measured = await measure(file, book, history);
    book.close();
    return {
      options,
      placed: history.placed.size,
      duplicates: history.duplicates,
      unknown: history.unknown,
      tooLate: history.tooLate,
      refundsAsked,
      kills,
      atRest: cameToRest && atRest,
      deadLetters,
      seconds,
      ordersPerSecond: history.placed.size / seconds,
      eventsPerSecond: measured.events / seconds,
      measured,
    };
  } finally {
    bar.clear();
    await process_.close();
  }
}

const options = readOptions(process.argv.slice(2));
const folder = options.file === undefined ? mkdtempSync(join(tmpdir(), "pulsequeue-demo-")) : undefined;
const file = options.file === undefined ? join(folder ?? "", "orders.db") : resolve(options.file);
if (existsSync(file)) {
  console.error(`error: ${file} exists already: name another file, the demonstration starts on an empty one`);
  process.exit(exitUsage);
}
const cleanUp = (): void => {
  if (folder !== undefined && !options.keep) rmSync(folder, { recursive: true, force: true });
};
const share = (percent: number): number => percent / 100;
let current: EngineProcess | undefined;
process.on("SIGINT", () => {
  void current?.close().finally(() => {
    cleanUp();
    process.exit(exitInterrupted);
  });
});

try {
  const { seed, declines, timeouts, duplicates } = options;
  const settings = { file, providerFile: `${file}.provider`, seed, declines: share(declines), timeouts: share(timeouts), duplicates: share(duplicates) };
  const result = await run(options, file, (onProgress) => {
    current = new EngineProcess(settings, (progress) => {
      onProgress(progress.confirmed);
    });
    return current;
  });
  console.log(options.json ? asJson(result) : asTable(result));
  if (result.measured.violations.length > 0) process.exitCode = exitViolation;
} finally {
  cleanUp();
}
if (options.keep || folder === undefined) console.error(`The file stays: ${file}`);
