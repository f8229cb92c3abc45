/** `npm run fuzz`: generated requests against the door, in this process and over sockets. The same seed gives the same inputs. */
import { serve } from "pulsequeue/http";
import { seededRandom } from "pulsequeue/testing";
import { openDoor } from "../door.ts";
import { raw } from "../raw.ts";
import { crowd } from "./crowd.ts";
import { generate, generateRaw } from "./generate.ts";
import { acceptedBy, createJudge } from "./judge.ts";
import { runMutants } from "./mutants.ts";
import { readOptions } from "./options.ts";

const { seed, inputs, sockets, idle, resets, mutants, only = "" } = readOptions();
/** Sockets at once. */
const lanes = 25;
/** How long an answer in this process may take, milliseconds. */
const patience = 5_000;
/** Inputs after which a good request must be answered. */
const every = 500;
const mostMegabytes = 768;
const unlimited = { perSecond: 1e9, burst: 1e9 };
const limits = { address: unlimited, principal: unlimited, tenant: unlimited };

interface Tally {
  tried: number;
  readonly statuses: Map<number, number>;
  readonly wrong: string[];
}

function progress(what: string, done: number, all: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${what}: ${done.toLocaleString("en")} of ${all.toLocaleString("en")}${done === all ? "\n" : ""}`);
}

function note(tally: Tally, input: number, status: number, wrong: readonly string[]): void {
  tally.tried += 1;
  tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
  for (const reason of wrong) tally.wrong.push(`input ${String(input)}: ${reason}`);
}

/** `undefined` for an answer that does not come. */
async function inTime(answer: Promise<Response>): Promise<Response | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, patience);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function inProcess(): Promise<Tally> {
  await using door = await openDoor({ limits });
  const judge = createJudge(door);
  const random = seededRandom(seed);
  const tally: Tally = { tried: 0, statuses: new Map(), wrong: [] };
  for (let index = 1; index <= inputs; index += 1) {
    const { path, ask } = generate(random, index);
    const answer = await inTime(door.ask(path, ask));
    if (answer === undefined) {
      note(tally, index, 0, [`it was not answered within ${String(patience)} ms`]);
      return tally;
    }
    const text = await answer.text();
    const { status } = answer;
    const wrong = [...(await judge.answer({ status, text, accepted: acceptedBy(status, text), as: ask.as }))];
    const told = door.requests().length;
    if (told !== 1) wrong.push(`it was told ${String(told)} times`);
    if (door.refusals().length > 5) wrong.push("it was refused more than once for each event");
    door.facts.length = 0;
    if (index % every === 0) wrong.push(...(await judge.good()));
    door.facts.length = 0;
    note(tally, index, status, wrong);
    if (index % 1_000 === 0 || index === inputs) progress("in process", index, inputs);
  }
  return tally;
}

async function overSockets(): Promise<Tally> {
  await using door = await openDoor({ limits });
  const judge = createJudge(door);
  const random = seededRandom(seed + 1);
  const server = await serve(door.http, { port: 0, hasCredentials: false, headersTime: 300, requestTime: 500, keepAliveTime: 100, idleTime: 1_000 });
  const tally: Tally = { tried: 0, statuses: new Map(), wrong: [] };
  for (let index = 0; index < sockets; index += lanes) {
    const batch = Array.from({ length: Math.min(lanes, sockets - index) }, (_, lane) => generateRaw(random, index + lane));
    const answers = await Promise.all(batch.map((bytes) => raw(server.port, [bytes])));
    for (const [lane, { status, text }] of answers.entries())
      note(tally, index + lane, status, await judge.answer({ status, text, accepted: undefined, as: "all" }));
    if ((index / lanes) % 10 === 0) for (const reason of await judge.good()) tally.wrong.push(reason);
    door.facts.length = 0;
    progress("over sockets", Math.min(sockets, index + lanes), sockets);
  }
  if ((await fetch(`${server.url}/healthz`)).status !== 200) tally.wrong.push("the server does not answer any more");
  await server.close(0);
  return tally;
}

function print(what: string, { tried, statuses, wrong }: Tally): void {
  const counts = [...statuses]
    .sort(([left], [right]) => left - right)
    .map(([status, count]) => `${status === 0 ? "closed" : String(status)} ${count.toLocaleString("en")}`);
  process.stdout.write(`${what}: ${tried.toLocaleString("en")} inputs, seed ${String(seed)}\n  ${counts.join(", ")}\n`);
  for (const reason of wrong.slice(0, 20)) process.stdout.write(`  WRONG ${reason}\n`);
}

async function fuzz(): Promise<number> {
  const inside = await inProcess();
  print("in process", inside);
  const outside = await overSockets();
  print("over sockets", outside);
  const wrong = [...inside.wrong, ...outside.wrong];
  let passed = inside.tried + outside.tried;
  if (idle + resets > 0) {
    await using door = await openDoor({ limits });
    const result = await crowd(door, { idle, resets });
    wrong.push(...result.wrong);
    passed += idle + resets;
    const counts = [`${String(result.held)} silent connections held`, `${String(result.kept)} kept by one client`, `${String(result.resets)} reset`];
    process.stdout.write(`crowds: ${counts.join(", ")}; memory grew by ${String(result.grownMebibytes)} MiB\n`);
    for (const reason of result.wrong) process.stdout.write(`  WRONG ${reason}\n`);
  }
  const megabytes = Math.round(process.memoryUsage().rss / 1024 / 1024);
  const failures = wrong.length + (megabytes > mostMegabytes ? 1 : 0);
  process.stdout.write(`memory at the end: ${String(megabytes)} MiB, ${String(mostMegabytes)} allowed\n`);
  process.stdout.write(`${String(passed - Math.min(failures, passed))} passed, ${String(failures)} failed\n`);
  return failures === 0 ? 0 : 3;
}

async function findFaults(): Promise<number> {
  let found = 0;
  let missed = 0;
  const isProven = await runMutants(seed, only, (result) => {
    if (result.found) found += 1;
    else missed += 1;
    process.stdout.write(`${result.found ? "found " : "MISSED"}  ${result.name}: ${result.said}\n`);
  });
  process.stdout.write(`${String(found)} passed, ${String(missed)} failed\n`);
  return isProven ? 0 : 3;
}

process.exit(await (mutants ? findFaults() : fuzz()));
