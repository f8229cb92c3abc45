import { resolve } from "node:path";
import { Command } from "commander";
import type { App } from "../../core/app.ts";
import { group, runs, type Call, type Session } from "../call.ts";
import { CommandError, exit, type ExitCode } from "../exit.ts";
import { loadApp } from "../load/app.ts";
import { shown } from "../load/locate.ts";
import { plural } from "../output/text.ts";
import { breaksOf, contractOf, uncheckedOf, type Break, type Contract, type Unchecked } from "../schema/contract.ts";
import { contractName, readContract, textOf, writeContract } from "../schema/file.ts";

interface SchemaOptions {
  readonly contract: string;
}

interface SnapshotOptions extends SchemaOptions {
  readonly acceptBreaks?: boolean;
  readonly dryRun?: boolean;
}

export function addSchema(program: Command, session: Session): void {
  const schema = group("schema", "the contract that stored data and other programs rely on");
  const check = addContract(new Command("check").description("compare the app with the committed contract; exit code 3 where it breaks it"));
  const snapshot = addContract(new Command("snapshot").description("write the contract, to be committed"))
    .option("--accept-breaks", "write it although the app breaks the committed one")
    .option("--dry-run", "say what would be written, and write nothing");
  runs<SchemaOptions>(check, session, checkContract);
  runs<SnapshotOptions>(snapshot, session, writeSnapshot);
  program.addCommand(schema.addCommand(check).addCommand(snapshot));
}

function addContract(command: Command): Command {
  return command.option("--contract <path>", "the contract's file", contractName);
}

interface Compared {
  readonly app: App;
  readonly path: string;
  readonly name: string;
  readonly committed: Contract | undefined;
  readonly breaks: readonly Break[];
  readonly unchecked: readonly Unchecked[];
}

async function compare(call: Call<SchemaOptions>): Promise<Compared> {
  const { app: appPath } = await call.settings();
  const app = await loadApp(appPath, call.io.cwd);
  const path = resolve(call.io.cwd, call.options.contract);
  const committed = readContract(path);
  return { app, path, name: shown(path, call.io.cwd), committed, breaks: committed === undefined ? [] : breaksOf(app, committed), unchecked: uncheckedOf(app) };
}

async function checkContract(call: Call<SchemaOptions>): Promise<ExitCode> {
  const { app, committed, name, breaks, unchecked } = await compare(call);
  if (committed === undefined)
    throw new CommandError("FILE_MISSING", `There is no contract ${name}`, "Write it with `pulsequeue schema snapshot` and commit it.");
  const isCurrent = textOf(contractOf(app, committed)) === textOf(committed);
  call.print.result({ ok: breaks.length === 0, breaks, unchecked, current: isCurrent }, () => {
    if (breaks.length > 0)
      return [`${name} is broken in ${plural(breaks.length, "place")}:`, ...breaks.map(describeBreak), ...unchecked.map(describeUnchecked)].join("\n");
    const remark = isCurrent ? "" : "; it has changed compatibly: run `pulsequeue schema snapshot` and commit it";
    return [`${name} is kept${remark}`, ...unchecked.map(describeUnchecked)].join("\n");
  });
  return breaks.length === 0 ? exit.ok : exit.problem;
}

async function writeSnapshot(call: Call<SnapshotOptions>): Promise<ExitCode> {
  const { app, path, name, committed, breaks, unchecked } = await compare(call);
  const { acceptBreaks, dryRun } = call.options;
  const contract = contractOf(app, committed);
  const isChanged = committed === undefined || textOf(contract) !== textOf(committed);
  const isRefused = breaks.length > 0 && acceptBreaks !== true;
  const isWritten = isChanged && !isRefused && dryRun !== true;
  if (isWritten) writeContract(path, contract);
  call.print.result({ path, changed: isChanged, written: isWritten, breaks, unchecked }, () => {
    if (isRefused)
      return [`${name} was not written, since the app breaks it; --accept-breaks writes it all the same:`, ...breaks.map(describeBreak)].join("\n");
    const what = `${plural(Object.keys(contract.events).length, "event")}, ${plural(Object.keys(contract.tables).length, "table")}`;
    const head = !isChanged ? `${name} is current: ${what}` : `${isWritten ? "wrote" : "would write"} ${name}: ${what}`;
    return [head, ...breaks.map(describeBreak), ...unchecked.map(describeUnchecked)].join("\n");
  });
  return isRefused ? exit.problem : exit.ok;
}

function describeBreak({ subject, path, reason, fix }: Break): string {
  return `  ${subject}${path === "" ? "" : ` at ${path}`}: ${reason}\n    what to do: ${fix}`;
}

function describeUnchecked({ subject, library }: Unchecked): string {
  return `  not checked: ${subject}, since ${library} gives no JSON Schema for it`;
}
