/** What several experiments do. */
import { createHmac } from "node:crypto";
import { noted } from "../canary.ts";
import type { Bench, Lab } from "../experiment.ts";
import type { Role } from "../../core/principal.ts";
import { isPulseQueueError } from "../../core/errors.ts";

export const because = { reason: "an experiment of the audit", by: "audit" } as const;

/** Opens the bench for the time of `use`. */
export async function on<Result>(bench: Promise<Bench>, use: (bench: Bench) => Promise<Result>): Promise<Result> {
  const opened = await bench;
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}

export async function tokenOf({ queue }: Bench, roles: readonly Role[], tenant?: string): Promise<string> {
  const scope = { roles, events: "*", endpoints: "*" } as const;
  const issued = await queue.keys.create({ name: `audit ${roles.join(" ")}`, scope, ...(tenant === undefined ? {} : { tenant }) }, because);
  return issued.token ?? "";
}

export async function note(bench: Bench, id: string, amount = 1, email?: string): Promise<void> {
  await bench.queue.publish(noted, { id, amount, ...(email === undefined ? {} : { email }) }, { id, source: "https://audit.example" });
}

/** A CloudEvent as the door takes it. */
export function cloudEvent(type: string, id: string, data: unknown): string {
  return JSON.stringify({ specversion: "1.0", type, source: "https://audit.example", id, data });
}

export const structured = { "content-type": "application/cloudevents+json" } as const;

/** Which of the texts are somewhere in the files. */
export function foundIn(lab: Lab, texts: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const [name, bytes] of lab.files()) {
    const content = Buffer.from(bytes);
    for (const text of texts) if (content.includes(text)) found.push(`${name} holds ${text}`);
  }
  return found;
}

/** The code of the error that `act` ends with; `undefined` where it ends well. */
export async function refusalOf(act: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await act();
    return undefined;
  } catch (thrown) {
    return isPulseQueueError(thrown) ? thrown.code : "INTERNAL";
  }
}

/** The value of a series in Prometheus' text; the sum over all its labels. */
export function sampleOf(metrics: string, name: string): number | undefined {
  const values = metrics
    .split("\n")
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)));
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

export function problemsWhere(...claims: readonly (readonly [holds: boolean, otherwise: string])[]): readonly string[] {
  return claims.filter(([holds]) => !holds).map(([, otherwise]) => otherwise);
}

/** Publishes a note over the door; answers the status. */
export async function publishAs(bench: Bench, token: string, id: string): Promise<number> {
  return (await bench.ask("/v1/events", { token, headers: structured, body: cloudEvent("canary.noted", id, { id, amount: 1 }) })).status;
}

/** Signed as https://www.standardwebhooks.com says. */
export function signed(secret: string, id: string, body: string): Readonly<Record<string, string>> {
  const time = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac("sha256", Buffer.from(secret.replace(/^whsec_/, ""), "base64"))
    .update(`${id}.${time}.${body}`)
    .digest("base64");
  return { "content-type": "application/json", "webhook-id": id, "webhook-timestamp": time, "webhook-signature": `v1,${signature}` };
}
