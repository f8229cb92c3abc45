/** What operators rely on when something goes wrong: grants, the ledger, secrets, containment. */
import { canaryApp, canarySecret, mischief, notes, tally } from "../canary.ts";
import type { Experiment } from "../experiment.ts";
import { because, cloudEvent, note, on, problemsWhere, publishAs, refusalOf, signed, structured, tokenOf } from "./tools.ts";

const grants: Experiment = {
  name: "grants",
  kind: "RUN",
  claim: "a handler that touches what it did not declare is stopped, and nothing of it is committed",
  run: (lab) =>
    on(lab.open({ app: canaryApp }), async (bench) => {
      await note(bench, "t-1", mischief.trespasses);
      await note(bench, "t-2");
      await bench.queue.start();
      await bench.queue.idle();
      const dead = await bench.queue.inspect.deadLetters();
      const rows = await bench.queue.inspect.table(notes).all();
      return {
        tried: 2,
        value: `trespasser: ${dead[0]?.failure?.code ?? "not stopped"}; rows: ${rows.map(({ id }) => id).join(", ")}`,
        problems: problemsWhere(
          [dead.length === 1 && dead[0]?.failure?.code === "ACCESS_UNDECLARED", "an undeclared write or event was not stopped"],
          [rows.length === 1 && rows[0]?.id === "t-2", "something of the trespasser was committed"],
        ),
      };
    }),
};

const ledgerFaults: readonly (readonly [name: string, sql: string])[] = [
  ["a changed entry", "UPDATE ledger SET reason = 'none' WHERE seq = 3"],
  ["a removed entry", "DELETE FROM ledger WHERE seq = 2"],
  ["exchanged entries", "UPDATE ledger SET seq = -2 WHERE seq = 2; UPDATE ledger SET seq = 2 WHERE seq = 4; UPDATE ledger SET seq = 4 WHERE seq = -2"],
  ["a cut-off end", "DELETE FROM ledger WHERE seq > 3"],
  ["a fork", "UPDATE ledger SET previous = hash WHERE seq = 4"],
  ["a changed event", "UPDATE events SET key = 'another' WHERE seq = 2"],
];

const ledger: Experiment = {
  name: "ledger",
  kind: "RUN",
  claim: "a changed, removed, exchanged, cut-off or forked record is found, and so is a changed event",
  async run(lab) {
    await on(lab.open({ app: canaryApp, file: "ledger.db" }), async (bench) => {
      for (const name of ["a", "b", "c", "d", "e"]) await bench.queue.ledger.append({ by: "audit", action: "reveal", subject: name, reason: "an experiment" });
      for (const name of ["a", "b", "c"]) await note(bench, name);
      return undefined;
    });
    const verified = async (file: string): Promise<boolean> => {
      const code = await refusalOf(async () => {
        const isSound = await on(lab.open({ app: canaryApp, file }), async ({ queue }) => (await queue.ledger.verify()).ok && (await queue.verify()).ok);
        if (!isSound) throw new Error("found");
      });
      return code === undefined;
    };
    const missed: string[] = [];
    for (const [index, [name, sql]] of ledgerFaults.entries()) {
      const copy = `ledger-${String(index)}.db`;
      lab.copy("ledger.db", copy);
      lab.copy("ledger.db-keyring", `${copy}-keyring`);
      lab.tamper(copy, sql);
      if (await verified(copy)) missed.push(`${name} is not found`);
    }
    const isClean = await verified("ledger.db");
    return {
      tried: ledgerFaults.length,
      value: `${String(ledgerFaults.length - missed.length)} of ${String(ledgerFaults.length)} kinds of tampering found`,
      problems: [...missed, ...problemsWhere([isClean, "an untouched ledger does not verify"])],
    };
  },
};

const rotation: Experiment = {
  name: "rotation",
  kind: "RUN",
  claim: "a secret is rotated while the engine runs, and no request is refused; afterwards the old one is",
  async run(lab) {
    const [old, fresh] = [
      Buffer.from("the-old-secret-of-the-canary-app").toString("base64"),
      Buffer.from("the-new-secret-of-the-canary-app").toString("base64"),
    ];
    let value = old;
    const secrets = (name: string): string | undefined => (name === canarySecret.name ? value : undefined);
    return await on(lab.open({ app: canaryApp, secrets }), async (bench) => {
      const statuses: number[] = [];
      const send = async (secret: string, id: string): Promise<number> =>
        (await bench.ask("/canary-hook", { headers: signed(secret, id, "{}"), body: "{}" })).status;
      for (let index = 0; index < 30; index += 1) {
        if (index === 10) value = `${fresh} ${old}`;
        if (index === 20) value = fresh;
        statuses.push(await send(index < 15 ? old : fresh, `s-${String(index)}`));
      }
      const refused = await send(old, "s-old");
      const failed = statuses.filter((status) => status >= 300).length;
      return {
        tried: statuses.length,
        value: `${String(statuses.length)} requests over a rotation, ${String(failed)} refused; the old secret afterwards: ${String(refused)}`,
        problems: problemsWhere([failed === 0, `${String(failed)} requests were refused`], [refused === 401, "the old secret is still taken"]),
      };
    });
  },
};

const scope: Experiment = {
  name: "incident-scope",
  kind: "RUN",
  claim: "the scope of a planted incident is found whole, and nothing besides",
  run: (lab) =>
    on(lab.open({ app: canaryApp }), async (bench) => {
      const [bad, good] = [await tokenOf(bench, ["publisher"]), await tokenOf(bench, ["publisher"])];
      const publish = (token: string, id: string): Promise<Response> =>
        bench.ask("/v1/events", { token, headers: structured, body: cloudEvent("canary.noted", id, { id, amount: 1 }) });
      for (let index = 0; index < 12; index += 1) await publish(index % 3 === 0 ? bad : good, `${index % 3 === 0 ? "bad" : "good"}-${String(index)}`);
      await bench.queue.start();
      await bench.queue.idle();
      const principal = `key:${/^pq_([\da-z]+)_/.exec(bad)?.[1] ?? ""}`;
      const found = await bench.queue.inspect.incident({ principal });
      const planted = new Set(["bad-0", "bad-3", "bad-6", "bad-9"]);
      const right = found.keys.filter((key) => planted.has(key)).length;
      const [precision, recall] = [right / Math.max(1, found.keys.length), right / planted.size];
      const effects = found.effects.filter((row) => row.startsWith("canary-notes/")).length;
      return {
        tried: planted.size,
        value: `precision ${String(precision)}, recall ${String(recall)}; ${String(found.events.length)} events, ${String(found.effects.length)} rows`,
        problems: problemsWhere(
          [precision === 1 && recall === 1, "the scope is not exactly what was planted"],
          [effects === planted.size, "rows are missing in the scope"],
        ),
      };
    }),
};

const containment: Experiment = {
  name: "containment",
  kind: "RUN",
  claim: "within a second a handler is paused and a key is refused; what comes meanwhile waits and is not lost",
  run: (lab) =>
    on(lab.open({ app: canaryApp }), async (bench) => {
      const token = await tokenOf(bench, ["publisher"]);
      const id = /^pq_([\da-z]+)_/.exec(token)?.[1] ?? "";
      await bench.queue.start();
      const publish = (name: string): Promise<number> => publishAs(bench, token, name);
      const first = await publish("p-1");
      await bench.queue.idle();
      const started = lab.monotonic();
      await bench.queue.operate.contain({ handlers: ["canary-note"], keys: [id] }, because);
      const refused = await publish("p-2");
      const milliseconds = Math.round(lab.monotonic() - started);
      await note(bench, "p-3");
      await bench.queue.idle();
      const while_ = (await bench.queue.inspect.table(notes).all()).length;
      await bench.queue.operate.resume("canary-note", because);
      await bench.queue.idle();
      const after = (await bench.queue.inspect.table(notes).all()).length;
      return {
        tried: 3,
        value: `paused and revoked in ${String(milliseconds)} ms; rows before, while and after: 1, ${String(while_)}, ${String(after)}`,
        problems: problemsWhere(
          [first === 202, "the key did not work before"],
          [refused === 401, `the revoked key is answered with ${String(refused)}`],
          [milliseconds < 1_000, "it took longer than a second"],
          [while_ === 1, "a paused handler ran"],
          [after === 2, "an event was lost while the handler was paused"],
        ),
      };
    }),
};

const eradication: Experiment = {
  name: "eradication",
  kind: "RUN",
  claim: "poisoned events are discarded with a recorded reason, keys are rotated, the chain still verifies, and the old key is never taken again",
  run: (lab) =>
    on(lab.open({ app: canaryApp }), async (bench) => {
      const token = await tokenOf(bench, ["publisher"]);
      const id = /^pq_([\da-z]+)_/.exec(token)?.[1] ?? "";
      for (const name of ["e-1", "e-2", "e-3"]) await note(bench, name, mischief.refuses);
      await bench.queue.start();
      await bench.queue.idle();
      const { count } = await bench.queue.operate.discard({ all: true }, because);
      const { token: fresh = "" } = await bench.queue.keys.rotate(id, { ...because, overlap: "0s" });
      const [withOld, withNew] = [await publishAs(bench, token, "e-4"), await publishAs(bench, fresh, "e-5")];
      const entries = await bench.queue.ledger.entries({ action: "discard" });
      const [chain, file] = [await bench.queue.ledger.verify(), await bench.queue.verify()];
      await bench.queue.idle();
      const effects = await bench.queue.inspect.table(tally).all();
      return {
        tried: count,
        value: `${String(count)} discarded; old key ${String(withOld)}, new key ${String(withNew)}; chain ${chain.ok ? "holds" : "broken"}`,
        problems: problemsWhere(
          [count === 3 && entries[0]?.reason === because.reason, "the reason of the discard is not recorded"],
          [withOld === 401 && withNew === 202, "the old key is taken, or the new one is not"],
          [chain.ok && file.ok, "the chain does not verify afterwards"],
          [effects.every(({ id: name }) => name === "e-5"), "a discarded event had effects"],
        ),
      };
    }),
};

/** Terraform's words for a state that somebody else holds. */
const lockRefusal = "Error acquiring the state lock";

const stateLock: Experiment = {
  name: "state-lock",
  kind: "RUN",
  claim: "of two applies at once on one state, through each environment's own backend, the second is refused, and the lock is gone afterwards",
  async run(lab) {
    const problems: string[] = [];
    for (const [name, backend] of lab.backends) {
      const applies = await lab.applyTwice(backend);
      if (applies === undefined) return { tried: 0, value: "not tried", problems: [], needs: "terraform on the path" };
      const { first, second, locks } = applies;
      problems.push(
        ...problemsWhere(
          [first === undefined, `${name}: one apply alone fails: ${(first ?? "").trim().slice(0, 200)}`],
          [
            first !== undefined || second?.includes(lockRefusal) === true,
            `${name}: a second apply is not refused by the lock: ${(second ?? "it went through").trim().slice(0, 200)}`,
          ],
          [locks === 0, `${name}: the lock is left behind`],
        ),
      );
    }
    const count = lab.backends.size;
    return { tried: count, value: `terraform, two applies on each of ${String(count)} states, on a stand-in for S3`, problems };
  },
};

export const operateExperiments: readonly Experiment[] = [grants, ledger, rotation, scope, containment, eradication, stateLock];
