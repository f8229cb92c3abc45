/** A store whose personal data is sealed: the core above sees plain text, the store below never does. */
import type { EventRecord, NewEvent } from "./envelope.ts";
import type { Commit, Delivery, RowWrite, Store, StoredRow } from "./ports.ts";
import type { Topology } from "./topology.ts";
import { openText, sealJson, sealWhole, type Vault } from "./vault.ts";

/** Where a sealed value of an event is. */
export const eventPlace = (type: string): string => `event:${type}`;
/** Where a sealed value of a row is. */
export const rowPlace = (table: string): string => `row:${table}`;
/** Where the sealed answer of a request is. */
export const answerPlace = (request: string): string => `answer:${request}:`;
/** Where the sealed result of a step is that handled this event. */
export const stepPlace = ({ source, id, tenant }: Pick<EventRecord, "source" | "id" | "tenant">, name: string): string =>
  `step:${tenant === undefined ? `${source}/${id}` : `${source}/${id}/${tenant}`}/${name}:`;

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
  // The place of a whole text ends with the path of its value, an empty one.
  const openWhole = (text: string, place: string): string => openText(vault, text, place.slice(0, -1), "refuse");
  const sealAnswer = (commit: Commit<D>): Commit<D>["answer"] => {
    const { answer } = commit;
    if (answer === undefined) return undefined;
    return { ...answer, answer: sealWhole(vault, answer.answer, answerPlace(answer.request), { subject: onlySubject(commit) }) };
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
      return new Map([...steps].map(([name, text]) => [name, openWhole(text, stepPlace(delivery.event, name))]));
    },
    async saveStep(delivery, name, result) {
      // What a step answers is about whom the event is about.
      return store.saveStep(delivery, name, sealWhole(vault, result, stepPlace(delivery.event, name), { beside: delivery.event.data }));
    },
    async claim(request, claim) {
      const taken = await store.claim(request, claim);
      if (taken.state !== "answered") return taken;
      return { ...taken, answer: { ...taken.answer, answer: openWhole(taken.answer.answer, answerPlace(request)) } };
    },
    async release(request, claim) {
      return store.release(request, claim);
    },
    async commit(commit) {
      return store.commit({ ...commit, writes: commit.writes.map(sealWrite), events: commit.events.map(sealEvent), answer: sealAnswer(commit) });
    },
  };
}

/** Whom a commit is about, if it is one person: then its answer is too. */
function onlySubject(commit: Commit): string | undefined {
  const subjects = new Set([...commit.events, ...commit.writes].map(({ subject }) => subject).filter((subject) => subject !== undefined));
  return subjects.size === 1 ? [...subjects][0] : undefined;
}
