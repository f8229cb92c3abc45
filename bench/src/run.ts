/** Runs every measurement that was asked for, one after the other, the order rotated from repetition to repetition. */
import { constants, copyFile, mkdir, mkdtemp, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { CheckFailed } from "./check.ts";
import { measure, type Figures, type Step } from "./measurement.ts";
import type { Options } from "./options.ts";
import { loadPeer } from "./peers/index.ts";
import type { PeerName, Place } from "./peer.ts";
import type { Server } from "./servers/child.ts";
import { startPostgres, type Postgres } from "./servers/postgres.ts";
import { startRedis } from "./servers/redis.ts";
import type { Problem, Sample, Subject } from "./sample.ts";
import { awsSubjects, comparedWorks, doorWorks, takesPart, type ComparedWork, type DoorWork, type OwnWork, type Work } from "./works/index.ts";

export interface Outcome {
  readonly samples: readonly Sample[];
  readonly problems: readonly Problem[];
  /** Versions of the servers that ran. */
  readonly servers: readonly string[];
}

/** `directory` is this run's own and is removed by the caller; `progress` is told of each measurement. Stops all it started, also when `signal` aborts it. */
export async function runAll(options: Options, directory: string, signal: AbortSignal, progress: (line: string) => void): Promise<Outcome> {
  const samples: Sample[] = [];
  const problems: Problem[] = [];
  const versions = new Set<string>();
  const stores = storesIn(directory, versions);
  const prepared = preparedStores(directory, options, signal, progress);
  try {
    for (const { repetition, work, subject } of plan(options)) {
      const begun = performance.now();
      try {
        const figures = isCompared(work)
          ? await compared(work, subject as PeerName, options, stores, signal)
          : isDoor(work)
            ? await compared(work, "pulsequeue", options, stores, signal)
            : work === "aws"
              ? await compared(subject === "powertools" ? "aws-powertools" : "aws", "pulsequeue", options, stores, signal)
              : await own(work, subject === "few" ? "few" : "many", options, prepared, signal);
        samples.push({ work, subject, repetition, figures });
        progress(
          `${String(repetition)}  ${work.padEnd(12)} ${subject.padEnd(16)} ${Object.entries(figures)
            .map(([name, value]) => `${name} ${value.toPrecision(4)}`)
            .join("  ")}  (${seconds(begun)})`,
        );
      } catch (error) {
        signal.throwIfAborted();
        const message = error instanceof Error ? error.message : String(error);
        problems.push({ work, subject, repetition, check: error instanceof CheckFailed, message });
        progress(`${String(repetition)}  ${work.padEnd(12)} ${subject.padEnd(16)} no figure: ${message}  (${seconds(begun)})`);
      }
    }
  } finally {
    await stores.stop();
  }
  return { samples, problems, servers: [...versions].sort() };
}

/** Repetition by repetition; within one, work by work, so that what is compared is measured close together in time. */
function* plan({ works, peers, repetitions }: Options): Generator<{ readonly repetition: number; readonly work: Work; readonly subject: Subject }> {
  for (let repetition = 1; repetition <= repetitions; repetition += 1) {
    for (const work of works) {
      const subjects = subjectsOf(work, peers);
      const first = (repetition - 1) % subjects.length;
      for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) yield { repetition, work, subject };
    }
  }
}

function subjectsOf(work: Work, peers: readonly PeerName[]): readonly Subject[] {
  if (isCompared(work)) return peers.filter((peer) => takesPart(peer, work));
  if (isDoor(work)) return ["pulsequeue"];
  if (work === "aws") return awsSubjects;
  return work === "recovery" ? ["many"] : ["few", "many"];
}

function isDoor(work: Work): work is DoorWork {
  return doorWorks.some((other) => other === work);
}

function isCompared(work: Work): work is ComparedWork {
  return comparedWorks.some((other) => other === work);
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`;
}

interface Stores {
  /** Hands out a fresh directory, and the fresh store that the peer needs. */
  use<Result>(server: "redis" | "postgres" | undefined, work: (place: Place) => Promise<Result>): Promise<Result>;
  stop(): Promise<void>;
}

/** Redis is started anew for each measurement; PostgreSQL runs on and gives each a database of its own. */
function storesIn(directory: string, versions: Set<string>): Stores {
  let postgres: Postgres | undefined;
  return {
    async use(server, work) {
      const own = await mkdtemp(join(directory, "store-"));
      const place = { name: "bench", directory: own, redis: undefined, postgres: undefined };
      try {
        if (server === undefined) return await work(place);
        if (server === "postgres") {
          postgres ??= await startPostgres(join(directory, "postgres"));
          versions.add(postgres.version);
          return await postgres.withDatabase((address) => work({ ...place, postgres: address }));
        }
        const redis: Server = await startRedis(join(own, "redis"));
        versions.add(redis.version);
        try {
          return await work({ ...place, redis: redis.address });
        } finally {
          await redis.stop();
        }
      } finally {
        await rm(own, { recursive: true, force: true });
      }
    },
    async stop() {
      await postgres?.stop();
    },
  };
}

async function compared(
  work: ComparedWork | DoorWork | "aws" | "aws-powertools",
  peer: PeerName,
  { jobs, seconds: length }: Options,
  stores: Stores,
  signal: AbortSignal,
): Promise<Figures> {
  const { server } = await loadPeer(peer);
  return stores.use(server, (place) =>
    measure({ step: work, peer, options: { jobs, size: 0, seconds: length, place, warmUp: { ...place, name: "warmup" } } }, signal),
  );
}

interface Prepared {
  /** Hands out a copy of the place with so many events in it, which is filled when it is first asked for: every measurement starts from the same file. */
  use<Result>(kind: "backlog" | "journal", amount: "few" | "many", work: (place: Place) => Promise<Result>): Promise<Result>;
}

function preparedStores(directory: string, { jobs, sizes }: Options, signal: AbortSignal, progress: (line: string) => void): Prepared {
  const filled = new Set<string>();
  return {
    async use(kind, amount, work) {
      const original = join(directory, `${kind}-${amount}`);
      const placeIn = (folder: string): Place => ({ name: "bench", directory: folder, redis: undefined, postgres: undefined });
      if (!filled.has(original)) {
        const size = sizes[kind][amount];
        progress(`filling a ${kind} with ${size.toLocaleString("en")} events`);
        await rm(original, { recursive: true, force: true });
        await mkdir(original);
        const place = placeIn(original);
        await measure({ step: `fill-${kind}`, peer: "pulsequeue", options: { jobs, size, seconds: 0, place, warmUp: place } }, signal);
        filled.add(original);
      }
      const copy = await mkdtemp(join(directory, "copy-"));
      try {
        await copyToDisk(original, copy);
        return await work(placeIn(copy));
      } finally {
        await rm(copy, { recursive: true, force: true });
      }
    },
  };
}

/** Copies the files of a folder, and waits until they are on disk: writing them out must not fall into the measurement. */
async function copyToDisk(from: string, to: string): Promise<void> {
  for (const name of await readdir(from)) {
    await copyFile(join(from, name), join(to, name), constants.COPYFILE_FICLONE);
    const file = await open(join(to, name), "r+");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

function own(work: OwnWork, amount: "few" | "many", { jobs, sizes }: Options, prepared: Prepared, signal: AbortSignal): Promise<Figures> {
  const kind = work === "journal" ? "journal" : "backlog";
  return prepared.use(kind, amount, async (place) => {
    const run = (step: Step): Promise<Figures> =>
      measure({ step, peer: "pulsequeue", options: { jobs, size: sizes[kind][amount], seconds: 0, place, warmUp: place } }, signal);
    if (work !== "recovery") return run(work);
    await run("be-killed");
    return run("recover");
  });
}
