/**
 * Faults that are planted in a copy of the engine, one at a time, as exact replacements of its text: each is one that somebody
 * could make, and each must be found. They prove the checker, and that the load reaches what the engine promises.
 */
import type { Replacement } from "./build.ts";

export interface Fault {
  readonly name: string;
  /** What it takes to show: a process killed under load, two processes at once, a reader of the file, or only closing and opening again. */
  readonly shows: "by a kill" | "beside a second process" | "to a reader of the file" | "without a kill";
  /** The invariants that it breaks: one of them must find it, whatever else it breaks. */
  readonly by: readonly string[];
  readonly replacements: readonly Replacement[];
}

const local = (file: string, find: string, replace: string): Replacement => ({ file: `src/engines/local/${file}`, find, replace });

/** Runs statements a little later, in a transaction of their own: a process that is killed or closed before never runs them. */
const later = (statements: string, milliseconds = 40): string => `setTimeout(() => { try { ${statements} } catch { /* closed */ } }, ${String(milliseconds)});`;

export const faults: readonly Fault[] = [
  {
    name: "requests are acknowledged before the commit",
    shows: "by a kill",
    by: ["acknowledged"],
    replacements: [
      local("committer.ts", "    begin.run();\n", "    if (!db.inTransaction) begin.run();\n"),
      local("committer.ts", "if (told.length > 0) keepLogShort();", "if (!db.inTransaction) keepLogShort();"),
      local(
        "committer.ts",
        "      commit.run();\n",
        `      if (group.some(({ write }) => write.kind === "operate")) commit.run();\n      else { ${later("if (db.inTransaction) commit.run();")} }\n`,
      ),
    ],
  },
  {
    name: "a commit that fails now and then is acknowledged",
    shows: "without a kill",
    by: ["acknowledged", "effects"],
    replacements: [
      local("committer.ts", "export function createCommitter(", "let commits = 0;\nexport function createCommitter("),
      local("committer.ts", "      commit.run();\n", "      commits += 1;\n      (commits % 5 === 4 ? rollback : commit).run();\n"),
    ],
  },
  {
    name: "identities are remembered in memory, not in the transaction",
    shows: "by a kill",
    by: ["identity"],
    replacements: [
      local("migrations/0003-tenants.ts", "CREATE UNIQUE INDEX events_identity", "CREATE INDEX events_identity"),
      local("statements/journal.ts", " ON CONFLICT (id, source, coalesce(tenant, '')) DO NOTHING", ""),
      local("journal.ts", "  let committed = head;\n", "  let committed = head;\n  const remembered = new Set<string>();\n"),
      local(
        "journal.ts",
        "    append(event) {\n      const source = sources.id(event.source);\n",
        "    append(event) {\n      const source = sources.id(event.source);\n      if (remembered.has(event.id)) return duplicate(event, source);\n      remembered.add(event.id);\n",
      ),
    ],
  },
  {
    name: "an identity used again with other data passes for a duplicate",
    shows: "without a kill",
    by: ["identity"],
    replacements: [
      local("journal.ts", "(data === event.data || sameJson(decodeJson(data), decodeJson(event.data)))", "(data === event.data || sameJson(0, 0))"),
    ],
  },
  {
    name: "a list of events is stored one by one",
    shows: "by a kill",
    by: ["acknowledged"],
    replacements: [
      {
        file: "src/core/publisher.ts",
        find: "const receipts = (await store.append(events)).map(",
        replace: "const stored = [];\n    for (const event of events) stored.push(...(await store.append([event])));\n    const receipts = stored.map(",
      },
    ],
  },
  {
    name: "the cursor moves before the effects, in a transaction of its own",
    shows: "by a kill",
    by: ["effects"],
    replacements: [
      local(
        "worker.ts",
        "        void this.#run(batch);\n",
        "        for (const { seq, rowId } of batch) if (rowId === undefined) this.#options.statements.handlers.setCursor(this.window.id, seq);\n        void this.#run(batch);\n",
      ),
    ],
  },
  {
    name: "the cursor is not written",
    shows: "without a kill",
    by: ["effects"],
    replacements: [local("settle.ts", "  statements.handlers.setCursor(window.id, cursor);\n", "")],
  },
  {
    name: "what the cursor passes over gets no row",
    shows: "by a kill",
    by: ["effects"],
    replacements: [
      local("settle.ts", "const { cursor, stranded } = window.advance();", "const { cursor } = window.advance();\n  const stranded: LocalDelivery[] = [];"),
    ],
  },
  {
    name: "a dead letter is moved in a transaction of its own",
    shows: "by a kill",
    by: ["dead-letters"],
    replacements: [
      local(
        "settle.ts",
        "  if (rowId === undefined) statements.deliveries.insert(",
        `  if (status.state === "dead") {
    if (rowId !== undefined) statements.deliveries.remove(rowId);
    ${later("statements.deliveries.insert(window.id, seq, run, state, status.attempts, due, lane, failure);", 300)}
    return;
  }
  if (rowId === undefined) statements.deliveries.insert(`,
      ),
    ],
  },
  {
    name: "the result of a step is not kept",
    shows: "without a kill",
    by: ["steps"],
    replacements: [local("store.ts", "          statements.deliveries.saveStep(delivery.window.id, delivery.seq, delivery.run, name, result);\n", "")],
  },
  {
    name: "emitted events are stored after the commit",
    shows: "by a kill",
    by: ["outbox"],
    replacements: [
      local(
        "store.ts",
        "    for (const event of commit.events) append(event);\n",
        `    context.done.push(() => { ${later("for (const event of commit.events) append(event); journal.confirm(); options.wake(commit.events);")} });\n`,
      ),
    ],
  },
  {
    name: "deliveries for later are scheduled after the commit",
    shows: "by a kill",
    by: ["effects", "drained"],
    replacements: [
      local(
        "store.ts",
        "        statements.deliveries.insert(window.id, result.sequence, 0, stored.scheduled,",
        "        setTimeout((...row: Parameters<typeof statements.deliveries.insert>) => { try { statements.deliveries.insert(...row); } catch { /* closed */ } }, 40, window.id, result.sequence, 0, stored.scheduled,",
      ),
    ],
  },
  {
    name: "a delivery comes before its time",
    shows: "without a kill",
    by: ["time"],
    replacements: [local("window.ts", "deliveries.due(this.id, now, batchSize", "deliveries.due(this.id, now + 100, batchSize")],
  },
  {
    name: "an event overtakes an earlier one of its key that waits for its next attempt",
    shows: "without a kill",
    by: ["order"],
    replacements: [local("window.ts", "if (!this.handler.ordered || lane === undefined || !this.#mayHold) return false;", "if (lane !== seq) return false;")],
  },
  {
    name: "within a batch an event overtakes a failed one of its key",
    shows: "without a kill",
    by: ["order"],
    replacements: [{ file: "src/core/dispatch.ts", find: `if (handler.ordered && key !== undefined && status.state !== "dead") held.add(key);`, replace: "" }],
  },
  {
    name: "a parked delivery is never let go",
    shows: "without a kill",
    by: ["drained"],
    replacements: [local("worker.ts", "if (this.window.mayPark) {", "if (this.window.mayPark && lanes.length < 0) {")],
  },
  {
    name: "rows that changed since they were read are overwritten",
    shows: "without a kill",
    by: ["totals"],
    replacements: [local("store.ts", `!== version) return { outcome: "conflict" };`, `< 0 * version) return { outcome: "conflict" };`)],
  },
  {
    name: "a late finisher may commit: no fence",
    shows: "without a kill",
    by: ["effects"],
    replacements: [local("store.ts", "commit.settled.filter(({ delivery }) => !delivery.held)", "commit.settled.filter(({ delivery }) => delivery.seq < 0)")],
  },
  {
    name: "the answer of a request is stored after its effects",
    shows: "without a kill",
    by: ["requests"],
    replacements: [
      local(
        "store.ts",
        "if (commit.answer !== undefined) statements.records.saveAnswer(commit.answer.request, commit.answer.fingerprint, commit.answer.answer, options.now());",
        `const { answer } = commit;\n    if (answer !== undefined) { ${later("statements.records.saveAnswer(answer.request, answer.fingerprint, answer.answer, options.now());")} }`,
      ),
    ],
  },
  {
    name: "a redrive is not recorded",
    shows: "without a kill",
    by: ["operations"],
    replacements: [local("operate.ts", "if (rows.length > 0) record(action, JSON.stringify(filter), given, rows.length);", "")],
  },
  {
    name: "a crash forgets the attempts that were used",
    shows: "by a kill",
    by: ["attempts"],
    replacements: [
      local(
        "recover.ts",
        "statements.deliveries.update(id, state, status.attempts, status.dueAt ?? 0,",
        "statements.deliveries.update(id, state, 0, status.dueAt ?? 0,",
      ),
    ],
  },
  {
    name: "what ran when the process died is not picked up again",
    shows: "by a kill",
    by: ["drained"],
    replacements: [local("recover.ts", "  endCrashed(statements, topology, handlers, system);\n", "")],
  },
  {
    name: "the hash chain starts anew with each process",
    shows: "without a kill",
    by: ["chain", "processes"],
    replacements: [
      local("journal.ts", "if (last !== undefined) return { seq: last[0], hash: last[1] };", "if (last !== undefined) return { seq: last[0], hash: genesis };"),
    ],
  },
  {
    name: "the hash of an event does not cover the event before it",
    shows: "to a reader of the file",
    by: ["chain"],
    replacements: [local("journal.ts", "  return sha256(`${previous}\\n", "  return sha256(`${previous.slice(0, 0)}\\n")],
  },
  {
    name: "a second process may open the file",
    shows: "beside a second process",
    by: ["processes"],
    replacements: [local("lock.ts", `    lock.exec("BEGIN EXCLUSIVE");\n`, ""), local("database.ts", "locking_mode = EXCLUSIVE", "locking_mode = NORMAL")],
  },
];
