import { Command } from "commander";
import { deploymentOf, type Deployment } from "../../core/deployment.ts";
import type { Environment } from "../../synth/index.ts";
import type { FunctionTraffic, LiveTraffic } from "../aws/live-traffic.ts";
import { runs, type Call, type Session } from "../call.ts";
import { exit, usageError, type ExitCode } from "../exit.ts";
import { loadApp } from "../load/app.ts";
import { table } from "../output/table.ts";
import { plural } from "../output/text.ts";
import { parseLength } from "../output/time.ts";
import { readEnvironments } from "../stack/environments.ts";
import { deployStaged, goBack, waitingOf, waysBack } from "../stack/staged.ts";
import { actOf, addAct, countOption, type ActOptions } from "./options.ts";

interface TargetOptions extends ActOptions {
  readonly env: string;
  readonly infra: string;
}

interface DeployOptions extends TargetOptions {
  readonly weight: number;
  readonly bake: string;
}

const addTarget = (command: Command): Command =>
  addAct(command)
    .requiredOption("--env <name>", "the environment")
    .option("--infra <path>", "where its values are, in <path>/stacks/<name>/environment.json", "infra");

export function addDeploy(program: Command, session: Session): void {
  const command = addTarget(
    new Command("deploy").description(
      "give the newest versions of the functions the traffic: first a part of it while alarms are watched, then all; exit code 3 where an alarm went off and it went back",
    ),
  )
    .addOption(countOption("--weight <percent>", "part of the traffic that tries the new versions", 1, 50).default(10))
    .option("--bake <duration>", "how long they are tried", "10m");
  runs<DeployOptions>(command, session, deploy);
  program.addCommand(command);
}

export function addRollback(program: Command, session: Session): void {
  const command = addTarget(
    new Command("rollback").description("give the traffic back to the versions before; exit code 3 where there is nothing to go back to"),
  );
  runs<TargetOptions>(command, session, rollBack);
  program.addCommand(command);
}

interface Target {
  readonly environment: Environment;
  readonly deployment: Deployment;
  readonly traffic: LiveTraffic;
  readonly functions: readonly FunctionTraffic[];
}

async function targetOf(call: Call<TargetOptions>): Promise<Target> {
  const { env, infra } = call.options;
  const [found] = readEnvironments(call.io.cwd, infra, env);
  if (found === undefined) throw usageError(`There is no environment ${env}`, "Name one of those in <infra>/stacks.");
  const app = await loadApp((await call.settings()).app, call.io.cwd);
  const deployment = deploymentOf(app.topology, env);
  const traffic = await call.io.traffic(found.environment);
  const handlers = [...deployment.handlers.values()].map((handler) => handler.function);
  const names = [...handlers, ...deployment.endpoints.values(), deployment.api, deployment.relay, deployment.ticker];
  const functions: FunctionTraffic[] = [];
  for (const name of names) functions.push(await traffic.of(name));
  return { environment: found.environment, deployment, traffic, functions };
}

const noteOf = (call: Call<TargetOptions>, what: string): string => {
  const { by, reason } = actOf(call);
  return `${what} by ${by ?? "unknown"}: ${reason}`;
};

async function deploy(call: Call<DeployOptions>): Promise<ExitCode> {
  const { weight, dryRun } = call.options;
  const bake = parseLength("--bake", call.options.bake);
  const note = noteOf(call, "replaced");
  const { deployment, traffic, functions } = await targetOf(call);
  const waiting = waitingOf(functions);
  const prefix = `${deployment.prefix}-`;
  const alarms = await traffic.alarms(prefix);
  const result = { environment: deployment.environment, functions: functions.map(shownOf), alarms, moved: waiting.map(({ name }) => name) };
  // Without a quiet watch nobody could tell a bad version from a good one.
  const blind =
    alarms.count === 0
      ? "no alarm watches this deployment: apply its infrastructure first"
      : alarms.ringing.length > 0
        ? "alarms are going off already: mend that first"
        : undefined;
  if (blind !== undefined && waiting.length > 0) {
    call.print.result({ ...result, state: "refused", why: blind }, () =>
      [list(call, functions), `refused: ${blind}`, ...alarms.ringing.map((name) => `  ${name}`)].join("\n"),
    );
    return exit.problem;
  }
  if (dryRun === true || waiting.length === 0) {
    call.print.result({ ...result, state: "unchanged", dryRun: dryRun === true }, () =>
      [
        list(call, functions),
        waiting.length === 0 ? "every function runs its newest version" : `would move the traffic of ${plural(waiting.length, "function")}`,
      ].join("\n"),
    );
    return exit.ok;
  }
  const outcome = await call.print.progress("watching alarms", (report) =>
    deployStaged(traffic, waiting, { prefix, weight: weight / 100, bake, note }, report),
  );
  call.print.result({ ...result, ...outcome }, () =>
    outcome.state === "live"
      ? `live: the newest version of ${plural(waiting.length, "function")}`
      : ["an alarm went off; the versions before have all of the traffic again", ...outcome.ringing.map((name) => `  ${name}`)].join("\n"),
  );
  return outcome.state === "live" ? exit.ok : exit.problem;
}

async function rollBack(call: Call<TargetOptions>): Promise<ExitCode> {
  const note = noteOf(call, "went back");
  const { deployment, traffic, functions } = await targetOf(call);
  const ways = waysBack(functions);
  const isDry = call.options.dryRun === true;
  if (!isDry) await goBack(traffic, ways, note);
  call.print.result({ environment: deployment.environment, dryRun: isDry, ways }, () =>
    ways.length === 0
      ? "nothing to go back to: no function has a version that was live before"
      : ways.map(({ name, from, to }) => `${isDry ? "would go" : "went"} back: ${name} from version ${from} to ${to}`).join("\n"),
  );
  return ways.length === 0 ? exit.problem : exit.ok;
}

function shownOf({ name, live, candidate, previous, newest, hashes }: FunctionTraffic): object {
  return { name, live, hash: hashes.get(live), candidate, previous, newest };
}

function list(call: Call, functions: readonly FunctionTraffic[]): string {
  return table(
    functions,
    [
      { title: "FUNCTION", cell: ({ name }) => name },
      { title: "LIVE", cell: ({ live }) => live, right: true },
      { title: "HASH", cell: ({ live, hashes }) => hashes.get(live) ?? "" },
      {
        title: "CANDIDATE",
        cell: ({ candidate }) => (candidate === undefined ? "" : `${candidate.version} with ${String(Math.round(candidate.weight * 100))} %`),
      },
      { title: "BEFORE", cell: ({ previous }) => previous ?? "", right: true },
      { title: "NEWEST", cell: ({ newest }) => newest, right: true },
    ],
    call.print.paint,
  );
}
