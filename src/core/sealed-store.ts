/** A store whose personal data is sealed: the core above sees plain text, the store below never does. */
import type { NewEvent } from "./envelope.ts";
import type { Commit, Delivery, RowWrite, Store, StoredRow } from "./ports.ts";
import type { Topology } from "./topology.ts";
import { firstToken, openText, sealJson, sealWhole, type Vault } from "./vault.ts";

/** Where a sealed value of an event is. */
export const eventPlace = (type: string): string => `event:${type}`;
/** Where a sealed value of a row is. */
export const rowPlace = (table: string): string => `row:${table}`;

export function sealedStore<D extends Delivery>(store: Store<D>, topology: Topology, vault: Vault): Store<D> {
  const sealEvent = (event: NewEvent): NewEvent => {
    const paths = topology.events.get(event.type)?.pii ?? [];
    return paths.length === 0 ? event : { ...event, data: sealJson(vault, event.data, paths, eventPlace(event.type), event.subject) };
  };
  const sealWrite = (write: RowWrite): RowWrite => {
    const paths = topology.tables.get(write.table)?.pii ?? [];
    if (paths.length === 0 || write.body === undefined) return write;
    return { ...write, body: sealJson(vault, write.body, paths, rowPlace(write.table), write.subject) };
  };
  const openRow = (table: string, row: StoredRow): StoredRow => {
    const body = openText(vault, row.body, rowPlace(table), "refuse");
    return body === row.body ? row : { ...row, body };
  };
  const sealAnswer = (commit: Commit<D>): Commit<D>["answer"] => {
    const { answer } = commit;
    if (answer === undefined) return undefined;
    const place = answerPlace(answer.request);
    return { ...answer, answer: sealWhole(vault, answer.answer, (keys) => keys.seal(answer.answer, place, onlySubject(commit))) };
  };

  return {
    async append(events) {
      return store.append(events.map(sealEvent));
    },
    async get(table, key) {
      const row = await store.get(table, key);
      return row === undefined ? undefined : openRow(table, row);
    },
    async query(table, query) {
      return (await store.query(table, query)).map((found) => ({ ...found, row: openRow(table, found.row) }));
    },
    async steps(delivery) {
      const steps = await store.steps(delivery);
      const place = stepPlace(delivery);
      return new Map([...steps].map(([name, text]) => [name, openText(vault, text, `${place}/${name}`, "refuse")]));
    },
    async saveStep(delivery, name, result) {
      const place = `${stepPlace(delivery)}/${name}:`;
      const beside = firstToken(delivery.event.data); // what a step answers is about whom the event is about
      const sealed = sealWhole(vault, result, (keys) => (beside === undefined ? keys.seal(result, place, undefined) : keys.sealBeside(result, place, beside)));
      return store.saveStep(delivery, name, sealed);
    },
    async answer(request) {
      const known = await store.answer(request);
      return known === undefined ? undefined : { ...known, answer: openText(vault, known.answer, `answer:${request}`, "refuse") };
    },
    async commit(commit) {
      return store.commit({ ...commit, writes: commit.writes.map(sealWrite), events: commit.events.map(sealEvent), answer: sealAnswer(commit) });
    },
  };
}

const answerPlace = (request: string): string => `answer:${request}:`;
const stepPlace = ({ event }: Delivery): string =>
  event.tenant === undefined ? `step:${event.source}/${event.id}` : `step:${event.source}/${event.id}/${event.tenant}`;

/** Whom a commit is about, if it is one person: then its answer is too. */
function onlySubject(commit: Commit): string | undefined {
  const subjects = new Set([...commit.events, ...commit.writes].map(({ subject }) => subject).filter((subject) => subject !== undefined));
  return subjects.size === 1 ? [...subjects][0] : undefined;
}
