import { createHash } from "node:crypto";
import { eventIdentity, toCloudEvent, type NewEvent } from "../../src/core/envelope.ts";
import { PulseQueueError } from "../../src/core/errors.ts";
import { idMaker } from "../../src/core/ids.ts";
import { sameJson } from "../../src/core/json.ts";
import type {
  Commit,
  CommitResult,
  Delivery,
  FoundRow,
  ObservedFact,
  Receipt,
  RowQuery,
  Store,
  StoredAnswer,
  StoredRow,
  System,
} from "../../src/core/ports.ts";
import { compareText } from "../../src/core/table.ts";
import { virtualClock, type VirtualClock } from "../../src/testing/clock.ts";

interface MemoryRow extends StoredRow {
  readonly indexes: ReadonlyMap<string, string>;
}

/** The simplest store that keeps the port's words, with everything open to a test. */
export interface MemoryStore extends Store {
  readonly journal: NewEvent[];
  readonly commits: Commit[];
  readonly calls: { get: number; query: number };
  /** Runs before a commit is looked at; what it returns stands for the commit's result. */
  beforeCommit: (commit: Commit) => CommitResult | undefined;
  /** Writes a row as another commit would. */
  set(table: string, key: string, body: unknown, indexes?: Readonly<Record<string, string>>): void;
  row(table: string, key: string): unknown;
}

export function memoryStore(): MemoryStore {
  const tables = new Map<string, Map<string, MemoryRow>>();
  const answers = new Map<string, StoredAnswer>();
  const steps = new Map<Delivery, Map<string, string>>();
  const journal: NewEvent[] = [];
  const tableOf = (name: string): Map<string, MemoryRow> => {
    const table = tables.get(name) ?? new Map<string, MemoryRow>();
    tables.set(name, table);
    return table;
  };
  const versionOf = (table: string, key: string): number => tableOf(table).get(key)?.version ?? 0;
  const known = (event: NewEvent): NewEvent | undefined => journal.find((other) => eventIdentity(other) === eventIdentity(event));
  const differs = (event: NewEvent, other: NewEvent | undefined): boolean =>
    other !== undefined && !sameJson(toCloudEvent(event).data, toCloudEvent(other).data);

  return {
    journal,
    commits: [],
    calls: { get: 0, query: 0 },
    beforeCommit: () => undefined,
    set(table, key, body, indexes = {}) {
      tableOf(table).set(key, { key, body: JSON.stringify(body), version: versionOf(table, key) + 1, indexes: new Map(Object.entries(indexes)) });
    },
    row(table, key) {
      const row = tableOf(table).get(key);
      return row === undefined ? undefined : (JSON.parse(row.body) as unknown);
    },
    async append(events): Promise<readonly (Receipt | PulseQueueError)[]> {
      return events.map((event) => {
        const other = known(event);
        if (differs(event, other)) return new PulseQueueError("IDENTITY_REUSED", event.id);
        if (other === undefined) journal.push(event);
        return { id: event.id, duplicate: other !== undefined };
      });
    },
    async get(table, key) {
      this.calls.get += 1;
      return tableOf(table).get(key);
    },
    async query(table, { index, prefix, limit }: RowQuery): Promise<readonly FoundRow[]> {
      this.calls.query += 1;
      const found: FoundRow[] = [];
      for (const row of tableOf(table).values()) {
        const fields = index === undefined ? row.key : row.indexes.get(index);
        if (fields?.startsWith(prefix) === true) found.push({ row, order: index === undefined ? row.key : fields + row.key });
      }
      return found.sort((left, right) => compareText(left.order, right.order)).slice(0, limit);
    },
    async steps(delivery) {
      return new Map(steps.get(delivery));
    },
    async saveStep(delivery, name, result) {
      steps.set(delivery, (steps.get(delivery) ?? new Map<string, string>()).set(name, result));
      return true;
    },
    async claim(request) {
      const answer = answers.get(request);
      return answer === undefined ? { state: "ours", claim: "" } : { state: "answered", answer };
    },
    async release() {
      return undefined;
    },
    async commit(commit): Promise<CommitResult> {
      this.commits.push(commit);
      const forced = this.beforeCommit(commit);
      if (forced !== undefined) return forced;
      if (commit.guards.some(({ table, key, version }) => versionOf(table, key) !== version)) return { outcome: "conflict" };
      if (commit.answer !== undefined && answers.has(commit.answer.request)) return { outcome: "conflict" };
      const reused = commit.events.findIndex((event) => differs(event, known(event)));
      if (reused >= 0) return { outcome: "identity-reused", index: reused };
      for (const { table, key, body, indexes } of commit.writes) {
        if (body === undefined) tableOf(table).delete(key);
        else tableOf(table).set(key, { key, body, version: versionOf(table, key) + 1, indexes });
      }
      for (const event of commit.events) if (known(event) === undefined) journal.push(event);
      if (commit.answer !== undefined) answers.set(commit.answer.request, commit.answer);
      return { outcome: "committed" };
    },
  };
}

/** A system on a virtual clock, with everything it is told. */
export interface TestSystem extends System {
  readonly clock: VirtualClock;
  readonly facts: ObservedFact[];
}

export function testSystem(secrets: Readonly<Record<string, string>> = {}): TestSystem {
  const clock = virtualClock();
  const facts: ObservedFact[] = [];
  return {
    clock,
    facts,
    random: () => 0.5,
    newId: idMaker(
      () => clock.now(),
      () => 0.5,
    ),
    hash: (text) => createHash("sha256").update(text).digest("base64"),
    secret: (name) => secrets[name],
    observe: (fact) => void facts.push(fact),
  };
}
