/** What the embedded engine's file keeps, loses and gives back. */
import { canaryApp, nextCanaryApp, notes, tally } from "../canary.ts";
import type { Experiment } from "../experiment.ts";
import { because, foundIn, note, on, problemsWhere } from "./tools.ts";

const day = 86_400_000;

const encryption: Experiment = {
  name: "encryption",
  kind: "RUN",
  claim: "personal data is in no file of the engine: database, log, keyring, backup",
  async run(lab) {
    const canaries = Array.from({ length: 20 }, (_, index) => `canary-${String(index)}-mail@example.org`);
    await on(lab.open({ app: canaryApp, file: "sealed.db" }), async (bench) => {
      for (const [index, email] of canaries.entries()) await note(bench, `n-${String(index)}`, index === 7 ? 666 : 1, email);
      await bench.queue.start();
      await bench.queue.idle();
      await bench.queue.backup(lab.path("sealed-backup.db"));
      return undefined;
    });
    const leaks = foundIn(lab, canaries);
    const searched = lab.files().size;
    // The search itself has to be able to find something.
    await on(lab.open({ app: canaryApp, file: "open.db", encrypted: false }), (bench) => note(bench, "n", 1, canaries[0]));
    const isSharp = foundIn(lab, canaries.slice(0, 1)).some((found) => found.startsWith("open.db"));
    return {
      tried: canaries.length,
      value: `${String(canaries.length)} canaries, ${String(searched)} files searched, ${String(leaks.length)} hits`,
      problems: [...leaks, ...problemsWhere([isSharp, "the search does not find a canary that is stored unencrypted"])],
    };
  },
};

/** What the tables hold, as one text. */
async function rowsOf(bench: {
  readonly queue: { readonly inspect: { table(table: typeof notes | typeof tally): { all(): Promise<unknown> } } };
}): Promise<string> {
  return JSON.stringify([await bench.queue.inspect.table(notes).all(), await bench.queue.inspect.table(tally).all()]);
}

const restore: Experiment = {
  name: "restore",
  kind: "RUN",
  claim: "a backup gives back every row as it was in the second before the loss, and what follows has its effects once",
  async run(lab) {
    const count = 30;
    const before = await on(lab.open({ app: canaryApp, file: "live.db" }), async (bench) => {
      for (let index = 0; index < count; index += 1) await note(bench, `n-${String(index)}`);
      await bench.queue.start();
      await bench.queue.idle();
      await bench.queue.backup(lab.path("backup.db"));
      return await rowsOf(bench);
    });
    lab.copy("live.db-keyring", "backup.db-keyring");
    lab.tamper("live.db", "DELETE FROM records"); // the loss
    const started = lab.monotonic();
    const { after, rows, isSound } = await on(lab.open({ app: canaryApp, file: "backup.db" }), async (bench) => {
      const after = await rowsOf(bench);
      const { ok: isSound } = await bench.queue.verify();
      await bench.queue.start();
      for (let index = 0; index < count; index += 1) await note(bench, `n-${String(index)}`); // senders send again
      await note(bench, "n-new");
      await bench.queue.idle();
      return { after, isSound, rows: await bench.queue.inspect.table(tally).all() };
    });
    const seconds = ((lab.monotonic() - started) / 1_000).toFixed(2);
    const twice = rows.filter((row) => row.count !== 1);
    return {
      tried: count,
      value: `RPO 0 events since the backup, RTO ${seconds} s, ${String(rows.length)} rows, ${String(twice.length)} effects twice`,
      problems: problemsWhere(
        [after === before, "the restored rows differ from those before the loss"],
        [isSound, "the restored file does not verify"],
        [rows.length === count + 1 && twice.length === 0, "effects are lost or happened twice after the restore"],
      ),
    };
  },
};

const retention: Experiment = {
  name: "retention",
  kind: "RUN",
  claim: "retention removes exactly the events that are older than declared",
  async run(lab) {
    const clock = lab.clock();
    return await on(lab.open({ app: canaryApp, clock, retention: "7d" }), async ({ queue, ...bench }) => {
      await queue.start();
      const publish = async (id: string): Promise<void> => {
        await note({ queue, ...bench }, id);
        await queue.idle();
      };
      for (const id of ["old-1", "old-2"]) await publish(id);
      await clock.advance(6 * day);
      for (const id of ["young-1", "young-2"]) await publish(id);
      await clock.advance(2 * day);
      await queue.retain();
      const left = (await queue.inspect.events({ type: "canary.noted" })).map(({ id }) => id).sort();
      return { tried: 4, value: `left: ${left.join(", ")}`, problems: problemsWhere([left.join() === "young-1,young-2", `left are ${left.join(", ")}`]) };
    });
  },
};

const upgrade: Experiment = {
  name: "upgrade",
  kind: "RUN",
  claim: "a newer version of the app takes the file over, and gives it back to the older one, with traffic and without a lost event",
  async run(lab) {
    const next = nextCanaryApp();
    const phases = [canaryApp, next, canaryApp] as const;
    let published = 0;
    for (const [phase, app] of phases.entries()) {
      await on(lab.open({ app, file: "versions.db" }), async ({ queue }) => {
        const event = app.topology.events.get("canary.noted");
        await queue.start();
        for (let index = 0; index < 10 && event !== undefined; index += 1) {
          const id = `v-${String(phase)}-${String(index)}`;
          await queue.publish(event, { id, amount: 1, ...(app === next ? { colour: "red" } : {}) });
          published += 1;
        }
        await queue.idle();
        return undefined;
      });
    }
    const rows = await on(lab.open({ app: canaryApp, file: "versions.db" }), ({ queue }) => queue.inspect.table(tally).all());
    const twice = rows.filter((row) => row.count !== 1).length;
    return {
      tried: published,
      value: `${String(published)} published over N, N+1, N; ${String(rows.length)} effects`,
      problems: problemsWhere([rows.length === published && twice === 0, `${String(published)} events had ${String(rows.length)} effects`]),
    };
  },
};

const changes: Experiment = {
  name: "change-feed",
  kind: "RUN",
  claim: "what the journal says was written is what the tables hold",
  run: (lab) =>
    on(lab.open({ app: canaryApp }), async (bench) => {
      for (let index = 0; index < 20; index += 1) await note(bench, `n-${String(index)}`, index === 3 ? 666 : 1);
      await bench.queue.start();
      await bench.queue.idle();
      const events = await bench.queue.inspect.events({ limit: 1_000 });
      const deliveries = await Promise.all(events.map(({ id }) => bench.queue.inspect.deliveries({ eventId: id })));
      const told = new Set(deliveries.flat().flatMap(({ wrote }) => wrote));
      const held = new Set([
        ...(await bench.queue.inspect.table(notes).all()).map(({ id }) => `canary-notes/${id}`),
        ...(await bench.queue.inspect.table(tally).all()).map(({ id }) => `canary-tally/${id}`),
      ]);
      const missing = [...held].filter((row) => !told.has(row));
      const extra = [...told].filter((row) => !held.has(row) && !row.startsWith("canary-vault/"));
      return {
        tried: held.size,
        value: `${String(told.size)} rows told, ${String(held.size)} compared`,
        problems: [...missing.map((row) => `nothing tells that ${row} was written`), ...extra.map((row) => `${row} was told and is not there`)],
      };
    }),
};

const recovery: Experiment = {
  name: "recovery",
  kind: "RUN",
  claim: "dead letters that are sent again have their effects once, in a file that was restored",
  async run(lab) {
    await on(lab.open({ app: canaryApp, file: "broken.db" }), async (bench) => {
      for (let index = 0; index < 10; index += 1) await note(bench, `n-${String(index)}`, 667);
      await bench.queue.start();
      await bench.queue.idle();
      await bench.queue.backup(lab.path("restored.db"));
      return undefined;
    });
    lab.copy("broken.db-keyring", "restored.db-keyring");
    return await on(lab.open({ app: nextCanaryApp(), file: "restored.db" }), async ({ queue }) => {
      await queue.start();
      const { count } = await queue.operate.redrive({ all: true }, because);
      await queue.idle();
      const again = await queue.operate.redrive({ all: true }, because);
      const rows = await queue.inspect.table(tally).all();
      return {
        tried: count,
        value: `${String(count)} sent again, ${String(rows.length)} effects`,
        problems: problemsWhere(
          [count === 10, `${String(count)} of 10 dead letters were sent again`],
          [again.count === 0, "what was settled could be sent again"],
          [rows.length === count && rows.every((row) => row.count === 1), "effects are missing or happened twice"],
        ),
      };
    });
  },
};

export const storeExperiments: readonly Experiment[] = [encryption, restore, retention, upgrade, changes, recovery];
