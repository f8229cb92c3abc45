import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { Command } from "commander";
import { limits } from "../../core/limits.ts";
import type { Topology } from "../../core/topology.ts";
import { awsLacks } from "../../engines/aws/lacks.ts";
import { capabilities, type Capability } from "../../testing/contract/types.ts";
import { environmentSecret } from "../../machine/secrets.ts";
import type { Environment } from "../../synth/index.ts";
import { withDeployment } from "../aws/with-deployment.ts";
import { runsOnQueue, type Call, type QueueCall, type Session } from "../call.ts";
import { factChecks, handlerChecks, modeCheck, nodeCheck, personalDataChecks, secretsCheck, spaceCheck, summary, type Check } from "../doctor.ts";
import { exit, reportOf, type ExitCode } from "../exit.ts";
import { loadApp } from "../load/app.ts";
import { shown } from "../load/locate.ts";
import type { Settings } from "../load/settings.ts";
import type { Io } from "../output/io.ts";
import { bytes, printable } from "../output/text.ts";

export function addDoctor(program: Command, session: Session): void {
  const command = new Command("doctor").description("check this machine, the app and the file or deployment; exit code 3 where something needs somebody");
  runsOnQueue(command, session, doctor);
  program.addCommand(command);
}

async function doctor(call: QueueCall): Promise<ExitCode> {
  const { settings, environment } = await call.place();
  const lacks: Partial<Record<Capability, string>> = environment === undefined ? {} : awsLacks;
  const checks = [
    nodeCheck(process.version),
    {
      name: "limits",
      status: "ok" as const,
      detail: `event ${bytes(limits.eventBytes)}, row ${bytes(limits.rowBytes)}, ${String(limits.itemsPerCommit)} rows and events in a commit, nesting ${String(limits.depth)}`,
    },
    ...engineChecks(environment === undefined ? "embedded" : "aws", lacks),
    ...(environment === undefined ? await localChecks(settings, call) : await deployedChecks(settings, environment, call)),
  ];
  const isOk = checks.every((check) => check.status !== "problem");
  const offers = Object.fromEntries(Object.keys(capabilities).map((name) => [name, !(name in lacks)]));
  call.print.result({ ok: isOk, engine: environment === undefined ? "embedded" : "aws", capabilities: offers, checks }, () => render(checks, call));
  return isOk ? exit.ok : exit.problem;
}

/** The contract is the same everywhere; what an engine does not offer of it is said with its reason. */
function engineChecks(name: string, lacks: Partial<Record<Capability, string>>): readonly Check[] {
  const missing = Object.entries(lacks) as [Capability, string][];
  const detail = missing.length === 0 ? `${name}: the whole contract` : `${name}: the contract but for ${String(missing.length)} promises`;
  return [
    { name: "engine", status: "ok", detail: `${detail} (docs/concepts/engines.md)` },
    ...missing.map(([lack, reason]): Check => ({ name: `no ${lack}`, status: "ok", detail: `not here: ${capabilities[lack]}; ${reason}` })),
  ];
}

async function localChecks(settings: Settings, call: QueueCall): Promise<readonly Check[]> {
  const ofQueue = existsSync(settings.file) ? await queueChecks(call) : [];
  return [...(await appChecks(settings, call)), ...fileChecks(settings.file, call), ...ofQueue];
}

async function deployedChecks(settings: Settings, environment: Environment, { io }: Call): Promise<readonly Check[]> {
  try {
    return await withDeployment(settings, environment, io, async (opened) => {
      const { deploymentChecks } = await import("../aws/checks.ts");
      const { name, topology } = opened.app;
      const app: Check = { name: "app", status: "ok", detail: `${name} from ${shown(settings.app, io.cwd)}, ${String(topology.handlers.size)} handlers` };
      return [app, ...(await deploymentChecks(opened, io.env["AWS_ENDPOINT_URL"]))];
    });
  } catch (thrown) {
    return [asProblem("deployment", thrown)];
  }
}

async function appChecks({ app: path, masterKey }: Settings, { io }: Call): Promise<readonly Check[]> {
  try {
    const { name, topology } = await loadApp(path, io.cwd);
    const secrets = [...topology.secrets.keys()];
    return [
      { name: "app", status: "ok", detail: `${name} from ${shown(path, io.cwd)}, ${String(topology.handlers.size)} handlers` },
      ...keyChecks(topology, masterKey),
      ...(secrets.length === 0
        ? []
        : [
            secretsCheck(
              secrets,
              secrets.filter((secret) => !hasSecret(secret, io.env)),
            ),
          ]),
    ];
  } catch (thrown) {
    return [asProblem("app", thrown)];
  }
}

/** The key is read, so that a file that others can read is found before it is needed. */
function keyChecks(topology: Topology, masterKey: Settings["masterKey"]): readonly Check[] {
  try {
    masterKey?.();
    return personalDataChecks(topology, masterKey !== undefined);
  } catch (thrown) {
    return [asProblem("personal data", thrown)];
  }
}

function hasSecret(name: string, env: Io["env"]): boolean {
  try {
    return environmentSecret(name, env) !== undefined;
  } catch {
    return false; // a file that others can read is as good as none
  }
}

function fileChecks(file: string, { io }: Call): readonly Check[] {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return [{ name: "file", status: "ok", detail: `${shown(file, io.cwd)} does not exist yet: start makes it` }];
  const { bavail, bsize } = statfsSync(dirname(file));
  const keyring = statSync(`${file}-keyring`, { throwIfNoEntry: false });
  return [modeCheck(stat.mode), ...(keyring === undefined ? [] : [modeCheck(keyring.mode, "keyring mode")]), spaceCheck(bavail * bsize)];
}

async function queueChecks(call: QueueCall): Promise<readonly Check[]> {
  try {
    return await call.queue(async (control) => {
      const facts = await control.facts({});
      return [...factChecks(facts), ...handlerChecks(await control.handlers({}), facts.live)];
    });
  } catch (thrown) {
    return [asProblem("queue", thrown)];
  }
}

function asProblem(name: string, thrown: unknown): Check {
  const { code, message, fix } = reportOf(thrown);
  return { name, status: "problem", detail: `${code}: ${message}`, fix };
}

function render(checks: readonly Check[], { print }: Call): string {
  const marks = { ok: print.paint("green", "ok     "), warning: print.paint("yellow", "warning"), problem: print.paint("red", "problem") };
  const width = Math.max(...checks.map((check) => check.name.length));
  const lines = checks.flatMap(({ name, status, detail, fix }) => [
    `${marks[status]}  ${name.padEnd(width)}  ${printable(detail)}`,
    ...(fix === undefined ? [] : [`${" ".repeat(11 + width)}what to do: ${printable(fix)}`]),
  ]);
  return [...lines, summary(checks)].join("\n");
}
