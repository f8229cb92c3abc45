/** `npm run demo`: a flash sale on a real file or on a simulated AWS, and the proof that it held. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileBook } from "../providers/book.ts";
import { EngineProcess } from "./engine-process.ts";
import type { History } from "./history.ts";
import { measure, type Measured } from "./measure.ts";
import { exitUsage, exitViolation, readOptions, type DemoOptions } from "./options.ts";
import { progressBar } from "./progress.ts";
import { asJson, asTable, type DemoResult } from "./report.ts";
import { fillShelves, refundSome, rush } from "./rush.ts";

const exitFailure = 1;
const exitInterrupted = 130;

async function run(options: DemoOptions, file: string, onStart: (engine: EngineProcess) => void): Promise<DemoResult> {
  const history: History = { placed: new Set(), duplicates: 0, unknown: 0, refused: [], tooLate: 0 };
  const bar = progressBar(options.orders, process.stderr);
  const { seed, declines, timeouts, duplicates } = options;
  const providerFile = `${file}.provider`;
  let submitted = 0;
  let confirmed = 0;
  let kills = 0;
  let restarted: Promise<void> = Promise.resolve();
  /** The first kill hits the hottest moment, while payments are under way; the others are spread over the rush. */
  const killIfDue = (): void => {
    const isHot = kills === 0 && confirmed >= (options.skus * options.units) / 8;
    const isDue = submitted >= ((kills + 1) * options.orders) / (options.kills + 1);
    if (kills >= options.kills || !(isHot || isDue)) return;
    kills += 1;
    restarted = restarted.then(() => engine.restart());
    restarted.catch(() => undefined); // the buyers hear of it
  };
  const engine = new EngineProcess(
    { engine: options.engine, file, providerFile, seed, declines: declines / 100, timeouts: timeouts / 100, duplicates: duplicates / 100 },
    (progress) => {
      confirmed = progress.confirmed;
      killIfDue();
      bar.show(submitted, `${confirmed.toLocaleString("en")} confirmed`);
    },
  );
  const measureFile = async (): Promise<Measured> => {
    await engine.close();
    const book = fileBook(providerFile);
    const measured = await measure(file, book, history);
    book.close();
    return measured;
  };
  onStart(engine);
  try {
    await engine.start();
    await fillShelves(engine, options);
    const started = performance.now();
    await rush(engine, options, history, (count) => {
      submitted = count;
      killIfDue();
    });
    await restarted;
    const afterRush = await engine.rest();
    const seconds = (performance.now() - started) / 1_000;
    const refundsAsked = await refundSome(engine, options, history);
    const { atRest, deadLetters } = await engine.rest();
    const measured = options.engine === "local" ? await measureFile() : await engine.measured(history);
    return {
      options,
      placed: history.placed.size,
      duplicates: history.duplicates,
      unknown: history.unknown,
      tooLate: history.tooLate,
      refundsAsked,
      kills,
      atRest: afterRush.atRest && atRest,
      deadLetters,
      seconds,
      ordersPerSecond: history.placed.size / seconds,
      eventsPerSecond: measured.events / seconds,
      measured,
    };
  } finally {
    bar.clear();
    await engine.close();
  }
}

const options = readOptions(process.argv.slice(2));
const folder = options.file === undefined ? mkdtempSync(join(tmpdir(), "pulsequeue-demo-")) : undefined;
const file = options.file === undefined ? join(folder ?? "", "orders.db") : resolve(options.file);
const cleanUp = (): void => {
  if (folder !== undefined && !options.keep) rmSync(folder, { recursive: true, force: true });
};
if (options.engine !== "local" && (options.file !== undefined || options.keep)) {
  console.error("error: the simulated AWS leaves no file: leave out --file and --keep");
  process.exit(exitUsage);
}
if (existsSync(file) || existsSync(`${file}.provider`)) {
  console.error(`error: ${file} exists already: name another file, the demonstration starts on an empty one`);
  process.exit(exitUsage);
}
mkdirSync(dirname(file), { recursive: true });
const interruption = new AbortController();

try {
  const result = await run(options, file, (engine) => {
    process.once("SIGINT", () => {
      interruption.abort();
      void engine.close();
    });
  });
  console.log(options.json ? asJson(result) : asTable(result));
  if (options.keep || folder === undefined) console.error(`The file stays: ${file}`);
  if (result.measured.violations.length > 0) process.exitCode = exitViolation;
} catch (error) {
  process.exitCode = interruption.signal.aborted ? exitInterrupted : exitFailure;
  console.error(interruption.signal.aborted ? "interrupted" : `error: ${error instanceof Error ? error.message : "something was thrown that is not an error"}`);
} finally {
  cleanUp();
}
