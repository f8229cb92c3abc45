import { Command, Option } from "commander";
import type { Session } from "./call.ts";
import { addAudit } from "./commands/audit.ts";
import { addBackup, addVerify } from "./commands/backup.ts";
import { addBuild } from "./commands/build.ts";
import { addCost } from "./commands/cost.ts";
import { addDeliveries } from "./commands/deliveries.ts";
import { addDeploy, addRollback } from "./commands/deploy.ts";
import { addDev } from "./commands/dev.ts";
import { addDlq } from "./commands/dlq.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addDrill } from "./commands/drill.ts";
import { addEmit } from "./commands/emit.ts";
import { addErase } from "./commands/erase.ts";
import { addEvents } from "./commands/events.ts";
import { addGraph } from "./commands/graph.ts";
import { addHandlers } from "./commands/handlers.ts";
import { addIncident } from "./commands/incident.ts";
import { addKeys } from "./commands/keys.ts";
import { addLedger } from "./commands/ledger.ts";
import { addIam } from "./commands/iam.ts";
import { addInit } from "./commands/init.ts";
import { addPlan } from "./commands/plan.ts";
import { addReplay } from "./commands/replay.ts";
import { addReveal } from "./commands/reveal.ts";
import { addSchema } from "./commands/schema.ts";
import { addStart } from "./commands/start.ts";
import { addSynth } from "./commands/synth.ts";
import { addTables } from "./commands/tables.ts";
import { addTail } from "./commands/tail.ts";
import { addTrace } from "./commands/trace.ts";
import { reportOf, usageError } from "./exit.ts";
import { defaultFile } from "./load/settings.ts";
import { readManifest } from "./manifest.ts";
import { printError } from "./output/error.ts";
import { mayColour } from "./output/io.ts";

const exitCodes = `
Exit codes: 0 done, 1 failure, 2 wrong usage, 3 a check found a problem, 4 the app or config cannot be used, 130 interrupted.
A command talks to the engine that holds the file; where none runs, it opens the file itself; with --env it asks a deployment in AWS.`;

/** The whole command line. Errors of usage throw commander's own error after they were printed. */
export function createProgram(session: Session): Command {
  const { io } = session;
  const program = new Command("pulsequeue")
    .description("A typed, durable event queue for TypeScript backends.")
    .version(readManifest().version, "-V, --version", "print the version")
    .option("--app <path>", "module whose default export is the app (env PULSEQUEUE_APP; default: app.ts)")
    .option("--file <path>", `the queue's file (env PULSEQUEUE_DB; default: ${defaultFile})`)
    .option("--key-file <path>", "master key that personal data is encrypted with (env PULSEQUEUE_KEY_FILE, or a command in PULSEQUEUE_KEY_COMMAND)")
    .option("--json", "print one JSON document; errors too, on standard error")
    .addOption(new Option("--verbose", "print the stack of an error"))
    .addHelpText("after", exitCodes);
  addInit(program, session);
  addDev(program, session);
  addStart(program, session);
  addEmit(program, session);
  addEvents(program, session);
  addDeliveries(program, session);
  addTrace(program, session);
  addTail(program, session);
  addDlq(program, session);
  addHandlers(program, session);
  addTables(program, session);
  addReplay(program, session);
  addLedger(program, session);
  addKeys(program, session);
  addIncident(program, session);
  addReveal(program, session);
  addErase(program, session);
  addSchema(program, session);
  addGraph(program, session);
  addBuild(program, session);
  addCost(program, session);
  addSynth(program, session);
  addDeploy(program, session);
  addRollback(program, session);
  addIam(program, session);
  addPlan(program, session);
  addAudit(program, session);
  addDoctor(program, session);
  addBackup(program, session);
  addVerify(program, session);
  addDrill(program, session);
  for (const command of everyCommand(program)) {
    command
      .configureHelp({ showGlobalOptions: true })
      .exitOverride()
      .configureOutput({
        writeOut: (text) => void io.stdout.write(text),
        writeErr: (text) => void io.stderr.write(text),
        getOutHasColors: () => mayColour(io.stdout, io.env),
        getErrHasColors: () => mayColour(io.stderr, io.env),
        outputError: (text) => {
          const message = text.trim().replace(/^error: /, "");
          const report = reportOf(usageError(message, `See \`${nameOf(command)} --help\`.`));
          printError(io, report, { json: session.json, verbose: false });
        },
      });
  }
  return program;
}

function everyCommand(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}
