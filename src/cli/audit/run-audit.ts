/** The body of `pulsequeue audit`. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { auditOf, hasProblem, needsOf, statuses, type Finding, type Status } from "../../audit/audit.ts";
import { checks } from "../../audit/checks/index.ts";
import { noDecisions, parseDecisions } from "../../audit/decisions.ts";
import { experiments } from "../../audit/experiments/index.ts";
import { markdownOf } from "../../audit/report/markdown.ts";
import { appendReport, countsOf, verifyChain, type Report } from "../../audit/report/report.ts";
import { sarifOf } from "../../audit/report/sarif.ts";
import { parseStatements } from "../../audit/statements.ts";
import { commandNames } from "./command-names.ts";
import { loadProject, type LoadOptions } from "./load-project.ts";
import type { Call } from "../call.ts";
import { CommandError, exit, usageError, type ExitCode } from "../exit.ts";
import { readManifest } from "../manifest.ts";
import { plural } from "../output/text.ts";
import { openStacks, type StackOptions } from "../stack/stack.ts";

export interface AuditOptions extends StackOptions {
  readonly statements: string;
  readonly decisions: string;
  readonly only?: string;
  readonly sarif?: string;
  readonly markdown?: string;
  readonly report?: string;
}

export interface VerifyOptions {
  readonly head?: string;
}

export async function runAudit(call: Call<AuditOptions>, program: Command): Promise<ExitCode> {
  const { io, options, print } = call;
  const started = performance.now();
  const path = (name: string): string => resolve(io.cwd, name);
  const statements = parseStatements(
    readJson(path(options.statements), options.statements, "Copy it from the reference application, or name it with --statements."),
  );
  const ids = new Set(statements.map(({ id }) => id));
  const decisions = existsSync(path(options.decisions)) ? parseDecisions(readJson(path(options.decisions), options.decisions, ""), ids) : noDecisions;
  const only = chosen(options.only, ids);
  const { app, stacks } = await openStacks(call);
  const project = await print.progress("audit", (step) =>
    loadProject({
      root: io.cwd,
      infra: path(options.infra),
      app,
      stacks,
      statements,
      commands: commandNames(program),
      experiments,
      ...(only === undefined ? {} : { needs: (loaded) => needsOf(loaded, checks, only) }),
      ...reportsIn(path, options.report),
      now: io.now(),
      onStep: step,
    }),
  );
  const findings = auditOf(project, checks, decisions, only);
  const report: Omit<Report, "previous"> = {
    app: app.name,
    time: new Date(io.now()).toISOString(),
    commit: project.tools.get("commit")?.output.trim() ?? null,
    version: readManifest().version,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    counts: countsOf(findings),
    findings,
  };
  const written = writeAll(call, report);
  print.result(report, () => textOf(call, report, written));
  return hasProblem(findings) ? exit.problem : exit.ok;
}

/** The reports before this one; none where the folder is still to be made. */
function reportsIn(path: (name: string) => string, folder: string | undefined): Pick<LoadOptions, "reports"> {
  if (folder === undefined || !existsSync(path(folder))) return {};
  const { reports: count, last, problems } = verifyChain(path(folder));
  return { reports: { folder, count, last, problems } };
}

function chosen(text: string | undefined, ids: ReadonlySet<string>): ReadonlySet<string> | undefined {
  if (text === undefined) return undefined;
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !ids.has(name));
  if (unknown !== undefined) throw usageError(`No line has the id ${unknown}`, `Use ids of ${[...ids].slice(0, 6).join(", ")}, …`);
  return new Set(names);
}

function readJson(path: string, name: string, fix: string): unknown {
  if (!existsSync(path)) throw new CommandError("FILE_MISSING", `There is no ${name}`, fix);
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw usageError(`${name} is no JSON`, "Correct it, or restore it from the repository.");
  }
}

/** What was written, in words. */
function writeAll({ options, io, print }: Call<AuditOptions>, report: Omit<Report, "previous">): readonly string[] {
  const path = (name: string): string => resolve(io.cwd, name);
  const written: string[] = [];
  if (options.sarif !== undefined) {
    writeFileSync(path(options.sarif), `${JSON.stringify(sarifOf(report), undefined, 2)}\n`);
    written.push(options.sarif);
  }
  if (options.markdown !== undefined) {
    writeFileSync(path(options.markdown), markdownOf(report.app, report.findings));
    written.push(options.markdown);
  }
  // A few lines are no audit: the next one must not be taken to follow it in time.
  if (options.report !== undefined && options.only !== undefined) print.note("a report is of every line: with --only none was written");
  else if (options.report !== undefined) written.push(`${options.report}/${appendReport(path(options.report), report)}`);
  return written;
}

const colours = { PASS: "green", FAIL: "red", STALE: "red", WAIVED: "yellow", "NOT-EVIDENCED": "yellow", ATTESTED: "yellow" } as const;

function textOf({ print, io }: Call, { findings, counts, seconds }: Omit<Report, "previous">, written: readonly string[]): string {
  const width = Math.max(...findings.map(({ id }) => id.length));
  const wide = Math.max(...findings.map(({ status }) => status.length));
  const room = Math.max(40, columnsOf(io.stdout) - width - wide - 4);
  let section = "";
  const lines = findings.flatMap((finding) => {
    const head = finding.section === section ? [] : ["", print.paint("bold", finding.section)];
    section = finding.section;
    return [...head, ...linesOf(finding, width, wide, room, (text, status) => print.paint(colours[status], text))];
  });
  const tally = statuses.filter((status) => counts[status] > 0).map((status) => `${String(counts[status])} ${status}`);
  return [
    ...lines.slice(1),
    "",
    `${plural(findings.length, "line")}: ${tally.join(", ")}, in ${String(seconds)} s`,
    ...written.map((name) => `wrote ${name}`),
  ].join("\n");
}

function linesOf(
  { id, status, text, title, reasons }: Finding,
  width: number,
  wide: number,
  room: number,
  paint: (text: string, status: Status) => string,
): readonly string[] {
  const indent = " ".repeat(width + wide + 4);
  const said = text.replace(/^(?:- (?:\[ \] )?|\d\. )/, "").replaceAll("**", "");
  return [
    `${id.padEnd(width)}  ${paint(status.padEnd(wide), status)}  ${cut(said, room)}`,
    ...(status === "PASS" ? [] : reasons.slice(0, 6).map((reason) => `${indent}${cut(reason, room * 2)}`)),
    ...(status === "PASS" || reasons.length > 0 ? [] : [`${indent}${cut(title, room)}`]),
    ...(reasons.length > 6 ? [`${indent}and ${String(reasons.length - 6)} more: --json has all`] : []),
  ];
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function columnsOf(stream: { readonly columns?: number; readonly isTTY?: boolean }): number {
  return stream.isTTY === true ? (stream.columns ?? 120) : 160;
}

export async function verifyReports({ args, options, io, print }: Call<VerifyOptions>): Promise<ExitCode> {
  const [folder = ""] = args;
  const path = resolve(io.cwd, folder);
  if (!existsSync(path)) throw new CommandError("FILE_MISSING", `There is no folder ${folder}`, "Name the folder that `pulsequeue audit --report` writes to.");
  const result = verifyChain(path, options.head);
  print.result(result, () =>
    result.ok
      ? `${plural(result.reports, "report")}, none changed or removed; the last has the hash ${result.head ?? "of nothing"}`
      : result.problems.join("\n"),
  );
  return result.ok ? exit.ok : exit.problem;
}
