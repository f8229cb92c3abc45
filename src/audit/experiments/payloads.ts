/** What is taken of what comes in: nothing that a schema refuses. */
import { canaryApp, notes, noteSchema, strictCanaryApp } from "../canary.ts";
import type { Bench, Experiment } from "../experiment.ts";
import type { App } from "../../core/app.ts";
import type { Json } from "../../core/json.ts";
import { jsonSchemaOf, type Schema } from "../../core/schema.ts";
import { randomOf } from "../fuzz/random.ts";
import { changed, validValue } from "../fuzz/samples.ts";
import { validatorOf, type Test } from "../fuzz/validator.ts";
import { cloudEvent, note, on, problemsWhere, structured, tokenOf } from "./tools.ts";

/** Bodies that no careful parser takes. */
export const hostile: readonly string[] = [
  '{"specversion":"1.0","type":"canary.noted","source":"https://a.example","id":"p","data":{"id":"p","amount":1,"__proto__":{"polluted":1}}}',
  '{"specversion":"1.0","type":"canary.noted","source":"https://a.example","id":"p","data":{"id":"p","amount":1,"constructor":{"polluted":1}}}',
  '{"specversion":"1.0","type":"canary.noted","source":"https://a.example","id":"p","data":{"id":"p","amount":1e999}}',
  '{"specversion":"1.0","type":"canary.noted","source":"https://a.example","id":"p","data":{"id":"\\ud800","amount":1}}',
  `{"specversion":"1.0","type":"canary.noted","source":"https://a.example","id":"p","data":${"[".repeat(40)}${"]".repeat(40)}}`,
  cloudEvent("canary.noted", "p", { id: "p", amount: 1, email: "x".repeat(400_000) }),
  "{",
  "null",
  "",
];

/** Small random values, from a seed: the same at each run. */
function randomValues(seed: number): () => unknown {
  const next = randomOf(seed);
  const pool: readonly (() => unknown)[] = [
    () => next(2_000_000) - 1_000_000,
    () => next(1_000) / 7,
    () => -0,
    () => null,
    () => true,
    () => "",
    () => "x".repeat(next(300)),
    () => String(next(100)),
    () => [],
    () => ({}),
    () => 1,
  ];
  const value = (): unknown => pool[next(pool.length)]?.();
  return () => {
    const fields: Record<string, unknown> = {};
    for (const name of ["amount", "email", "extra"]) if (next(4) > (name === "extra" ? 2 : 0)) fields[name] = value();
    if (next(8) > 0) fields["id"] = next(4) === 0 ? value() : `id-${String(next(100))}`;
    return next(20) === 0 ? value() : fields;
  };
}

const payloads: Experiment = {
  name: "payloads",
  kind: "ATTACK",
  claim: "nothing that the schema refuses is accepted: random values, unknown fields, prototypes, numbers out of range, too deep, too large",
  run: (lab) =>
    on(lab.open({ app: canaryApp }), async (bench) => {
      const token = await tokenOf(bench, ["publisher"]);
      const random = randomValues(1);
      const problems: string[] = [];
      const count = 5_000;
      let accepted = 0;
      const send = async (body: string): Promise<number> => (await bench.ask("/v1/events", { token, headers: structured, body })).status;
      for (let index = 0; index < count; index += 1) {
        const data = random();
        const result = noteSchema["~standard"].validate(JSON.parse(JSON.stringify(data)));
        const isValid = !(result instanceof Promise) && result.issues === undefined;
        const status = await send(cloudEvent("canary.noted", `f-${String(index)}`, data));
        if (status === 202) accepted += 1;
        if ((status === 202) !== isValid && status < 500)
          problems.push(`${JSON.stringify(data)} is ${isValid ? "valid" : "invalid"} and answered with ${String(status)}`);
        if (status >= 500) problems.push(`${JSON.stringify(data)} is answered with ${String(status)}`);
      }
      for (const body of hostile) {
        const status = await send(body);
        if (status < 400 || status >= 500) problems.push(`${body.slice(0, 120)} is answered with ${String(status)}`);
      }
      if (Object.hasOwn(Object.prototype, "polluted")) problems.push("Object.prototype was changed");
      const value = `${String(count)} random and ${String(hostile.length)} hostile bodies, ${String(accepted)} valid ones accepted`;
      return {
        tried: count + hostile.length,
        value,
        problems: [...problems.slice(0, 5), ...problemsWhere([accepted > 0, "not even a valid body was accepted"])],
      };
    }),
};

/** Values that are judged, and how many of them go through the door as well, in batches. */
const generated = 1_000_000;
const throughDoor = 20_000;
const batch = 1_000;
/** Valid values of each schema that the others are made from. */
const pool = 100;
/** Problems after which there is no need for more. */
const enough = 5;

/** A schema of the app with its two judges. */
interface Subject {
  readonly name: string;
  /** Whether it is an event, which the door takes. */
  readonly isEvent: boolean;
  readonly takes: Test;
  /** By its JSON Schema, as documents and gateways have it. */
  readonly allows: Test;
  readonly valid: readonly Json[];
}

const takes =
  (schema: Schema): Test =>
  (value) => {
    const result = schema["~standard"].validate(value);
    return !(result instanceof Promise) && result.issues === undefined;
  };

/** Schemas of events and of endpoints' bodies that have a JSON Schema, and the names of those that have none that is understood. */
function subjectsOf({ topology: { events, endpoints } }: App): { readonly subjects: readonly Subject[]; readonly without: readonly string[] } {
  const random = randomOf(7);
  const subjects: Subject[] = [];
  const without: string[] = [];
  const add = (name: string, isEvent: boolean, schema: Schema): void => {
    const json = jsonSchemaOf(schema);
    try {
      if (json === undefined) throw new Error("there is no JSON Schema");
      subjects.push({ name, isEvent, takes: takes(schema), allows: validatorOf(json), valid: Array.from({ length: pool }, () => validValue(json, random)) });
    } catch {
      without.push(name);
    }
  };
  for (const { name, schema } of events.values()) if (!name.startsWith("pulsequeue.")) add(name, true, schema);
  for (const { name, input } of endpoints.values()) if (input !== undefined) add(name, false, input);
  return { subjects, without };
}

/** One batch through the door; problems where an entry's answer is not the schema's. */
async function sendBatch(bench: Bench, token: string, entries: readonly { readonly subject: Subject; readonly value: Json }[]): Promise<readonly string[]> {
  const events = entries.map(({ subject, value }, index) => cloudEvent(subject.name, `g-${String(index)}`, value));
  const response = await bench.ask("/v1/events", {
    token,
    headers: { "content-type": "application/cloudevents-batch+json", "idempotency-key": "g" },
    body: `[${events.join(",")}]`,
  });
  const { results = [] } = (await response.json()) as { readonly results?: readonly { readonly status: number }[] };
  if (results.length !== entries.length) return [`a batch is answered with ${String(response.status)}`];
  return entries.flatMap(({ subject, value }, index) => {
    const isTaken = results[index]?.status === 202;
    return isTaken === subject.takes(JSON.parse(JSON.stringify(value)))
      ? []
      : [`${told(subject, value)} is ${isTaken ? "taken" : "refused"} by the door alone`];
  });
}

const told = ({ name }: Subject, value: Json): string => `${name} ${JSON.stringify(value).slice(0, 160)}`;

const differential: Experiment = {
  name: "generated-payloads",
  kind: "ATTACK",
  claim:
    "of a million values made from the app's own schemas nothing is taken that its JSON Schema refuses; what goes through the door is answered by its schema",
  async run(lab) {
    const { subjects, without } = subjectsOf(lab.app);
    const random = randomOf(1);
    const problems: string[] = [];
    const counts = { tried: 0, taken: 0, stricter: 0 };
    const waiting: { readonly subject: Subject; readonly value: Json }[] = [];
    for (let round = 0; counts.tried < generated && subjects.length > 0 && problems.length < enough; round += 1) {
      for (const subject of subjects) {
        const valid = subject.valid[random(pool)] ?? null;
        const value = random(5) === 0 ? valid : changed(valid, random);
        const [isTaken, isAllowed] = [subject.takes(value), subject.allows(value)];
        counts.tried += 1;
        if (isTaken) counts.taken += 1;
        if (isAllowed && !isTaken) counts.stricter += 1;
        if (isTaken && !isAllowed) problems.push(`${told(subject, value)} is taken, and its JSON Schema refuses it`);
        if (subject.isEvent && waiting.length < throughDoor) waiting.push({ subject, value });
      }
    }
    const unlimited = { perSecond: 1e9, burst: 1e9 };
    for (let from = 0; from < waiting.length && problems.length < enough; from += batch) {
      // A new engine for each: what was taken before must not make a difference.
      const found = await on(lab.open({ app: lab.app, limits: { address: unlimited, principal: unlimited } }), async (bench) =>
        sendBatch(bench, await tokenOf(bench, ["publisher"]), waiting.slice(from, from + batch)),
      );
      problems.push(...found);
    }
    const value = [
      `${String(counts.tried)} values of ${String(subjects.length)} schemas, ${String(counts.taken)} taken, ${String(counts.stricter)} refused that their JSON Schema allows`,
      `${String(waiting.length)} through the door`,
      ...(without.length > 0 ? [`without a JSON Schema: ${without.join(", ")}`] : []),
    ].join("; ");
    const isSharp = subjects.length === 0 || (counts.taken > 0 && counts.taken < counts.tried);
    return {
      tried: counts.tried,
      value,
      problems: [...problems.slice(0, enough), ...problemsWhere([isSharp, "not even a valid value is taken, or every wrong one is"])],
    };
  },
};

const consumed: Experiment = {
  name: "consumed-payloads",
  kind: "RUN",
  claim: "what was stored is validated again before its handler sees it: what the schema refuses by then is a dead letter with that cause",
  async run(lab) {
    await on(lab.open({ app: canaryApp, file: "consumed.db" }), async (bench) => {
      await note(bench, "small", 1);
      await note(bench, "large", 2_000);
    });
    return await on(lab.open({ app: strictCanaryApp(), file: "consumed.db" }), async ({ queue }) => {
      await queue.start();
      await queue.idle();
      const dead = await queue.inspect.deadLetters();
      const rows = await queue.inspect.table(notes).all();
      const causes = dead.map(({ event, failure }) => `${event.id} ${failure?.code ?? "without a cause"}`).join(", ");
      return {
        tried: 2,
        value: `dead letters: ${causes}; rows: ${rows.map(({ id }) => id).join(", ")}`,
        problems: problemsWhere(
          [causes === "small PAYLOAD_INVALID", `dead letters are: ${causes}`],
          [rows.length === 1 && rows[0]?.id === "large", "a handler saw what its schema refuses, or did not see what it takes"],
        ),
      };
    });
  },
};

export const payloadExperiments: readonly Experiment[] = [payloads, differential, consumed];
