/** Prints how long synthesis takes: of the reference application, and of an app with 500 handlers. A figure, never a verdict. */
import { defineApp, defineEvent, defineHandler, defineTable, type App } from "pulsequeue";
import { z } from "zod";
import orders from "../examples/order-pipeline/app.ts";
import { documentsOf } from "../src/cli/stack/documents.ts";
import { filesOf, infrastructureOf, parseEnvironment } from "../src/synth/index.ts";

const schema = z.object({ id: z.string() });

function largeApp(count: number): App {
  const events = Array.from({ length: count }, (_, number) =>
    defineEvent(`area-${String(number % 10)}.thing-${String(number)}`, { schema, key: ({ id }) => id }),
  );
  const tables = Array.from({ length: count / 10 }, (_, number) => defineTable(`table-${String(number)}`, { schema, key: "id" }));
  return defineApp("large", {
    handlers: events.map((on, number) =>
      defineHandler(`handler-${String(number)}`, {
        on,
        writes: tables.slice(Math.floor(number / 10)).slice(0, 1),
        emits: events.slice(number + 1, number + 2),
        handle: () => undefined,
      }),
    ),
  });
}

for (const [name, app] of [
  ["order pipeline", orders],
  ["500 handlers", largeApp(500)],
] as const) {
  const account = "111111111111";
  const environment = parseEnvironment({
    environment: "dev",
    account,
    region: "eu-central-1",
    owner: "nobody",
    alarmTopic: `arn:aws:sns:eu-central-1:${account}:alarms`,
    logRetentionDays: 14,
    recoveryDays: 7,
    deletionProtection: false,
    throttle: { rate: 50, burst: 100 },
    backup: { days: 7 },
    jwt: { issuer: "https://id.example.com", audience: "app", keys: "https://id.example.com/keys" },
    secrets: Object.fromEntries([...app.topology.secrets.keys()].map((secret) => [secret, "nobody"])),
  });
  const started = performance.now();
  const files = filesOf(infrastructureOf(app.topology, environment), documentsOf(app));
  process.stdout.write(`synth of ${name}: ${String(files.size)} files in ${String(Math.round(performance.now() - started))} ms\n`);
}
