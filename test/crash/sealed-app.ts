/** An application whose events and rows hold personal data; every value of it is a canary that must never be in the file in clear. */
import { defineApp, defineEvent, defineHandler, defineTable } from "pulsequeue";
import { z } from "zod";

export const masterKey = Buffer.alloc(32, 7);
export const canary = "canary-of-a-person";

export function canaryOf(number: number): string {
  return `${canary}-${String(number)}@example.org`;
}

const schema = z.object({ person: z.string(), email: z.string() });
export const personal = defineEvent("person.told", { schema, pii: ["email"], subject: (data) => data.person });
const people = defineTable("people", { schema, key: "person", pii: ["email"], subject: (row) => row.person });

const keep = defineHandler("keep", {
  on: personal,
  writes: [people],
  handle({ data }, ctx) {
    ctx.tables.people.put(data);
  },
});

export const sealedApp = defineApp("sealed", { handlers: [keep] });
