/** What must hold for every input, whatever it is. */
import type { EventView, Json } from "pulsequeue";
import { cancelled, cloudEvent, placed, principals, publish, showsInside, type Door } from "../door.ts";

export interface Judged {
  readonly status: number;
  readonly text: string;
  /** How many events the answer says were stored; `undefined` where that is not known. */
  readonly accepted: number | undefined;
  /** The token that was sent; `undefined`: none. */
  readonly as: string | undefined;
}

/** As the documents of the door have it, and not as its code has: what the code is judged by. */
const mostBytes = 256 * 1024;
const mostLevels = 32;

/** Watches one door; answers in words what did not hold. */
export interface Judge {
  /** After an answer: told well, and what is stored is what was accepted, and what the caller may store. */
  answer(answer: Judged): Promise<readonly string[]>;
  /** The next good request is answered. */
  good(): Promise<readonly string[]>;
}

export function createJudge(door: Door): Judge {
  let head = 0;
  let goods = 0;
  return {
    async answer({ status, text, accepted, as }) {
      const wrong: string[] = [];
      // Nobody is over a limit here.
      if (status >= 500 || status === 429) wrong.push(`the status is ${String(status)}`);
      if (showsInside(text)) wrong.push("the answer shows the inside");
      const events = await door.queue.inspect.events({ after: head, limit: 1_000 });
      head = events.at(-1)?.sequence ?? head;
      const token = as?.trim() ?? ""; // as every header is
      const caller = Object.hasOwn(principals, token) ? principals[token] : undefined;
      if (caller?.tenant !== undefined && tenantsIn(text).some((tenant) => tenant !== caller.tenant)) wrong.push("a tenant sees what is another's");
      for (const event of events) {
        const { type, data } = event;
        if (!mayStore(caller, event)) wrong.push(`an event of ${type} was stored for ${as ?? "nobody"}, who may not`);
        if (isPersonalKey(event)) wrong.push("the key of an event is its personal data");
        if (JSON.stringify(data).length > mostBytes) wrong.push("an event was stored that is too large");
        if (levelsOf(data) > mostLevels) wrong.push("an event was stored that is nested too deep");
        const schema = type === placed.name ? placed.schema : type === cancelled.name ? cancelled.schema : undefined;
        if (schema?.safeParse(data).success !== true) wrong.push(`an event of ${type} was stored that is not valid`);
      }
      if (accepted !== undefined && events.length !== accepted) wrong.push(`${String(accepted)} accepted, ${String(events.length)} stored`);
      return wrong;
    },
    async good() {
      goods += 1;
      const { status } = await publish(door, cloudEvent({ id: `good-${String(goods)}`, source: "https://good.example" }));
      head = (await door.queue.inspect.events({ limit: 1 })).at(0)?.sequence ?? head;
      return status === 202 ? [] : [`a good event was answered with ${String(status)}`];
    },
  };
}

function mayStore(caller: (typeof principals)[string] | undefined, { type, tenant }: EventView): boolean {
  if (caller?.scope.roles.includes("publisher") !== true) return false;
  return (caller.scope.events === "*" || caller.scope.events.includes(type)) && tenant === (caller.tenant ?? tenant);
}

/** Whether the key tells what stands in the data as personal data alone; a text of one or two characters stands anywhere by chance. */
function isPersonalKey({ type, key = "", data }: EventView): boolean {
  if (type !== placed.name || key.length < 3) return false;
  const { email, ...plain } = data as Readonly<Record<string, Json>>;
  return email === key && !JSON.stringify(plain).includes(key);
}

/** The tenants that an answer names. */
function tenantsIn(text: string): readonly string[] {
  return [...text.matchAll(/"tenant":"([^"]*)"/g)].map(([, tenant = ""]) => tenant);
}

function levelsOf(value: Json): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map((part: Json | undefined) => levelsOf(part ?? null)));
}

/** How many events an answer of `POST /v1/events` and of the endpoint that emits says were stored. */
export function acceptedBy(status: number, text: string): number {
  if (status !== 202 && status !== 207) return 0;
  const body = JSON.parse(text) as { readonly results?: readonly Result[]; readonly duplicate?: boolean };
  if (body.results !== undefined) return body.results.filter((result) => result.status === 202 && result.duplicate === false).length;
  return body.duplicate === true ? 0 : 1;
}

interface Result {
  readonly status: number;
  readonly duplicate?: boolean;
}
