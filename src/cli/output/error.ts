import type { ErrorReport } from "../exit.ts";
import { mayColour, type Io } from "./io.ts";
import { paint, printable } from "./text.ts";

/** Writes an error to standard error: a JSON line with `--json`, else what went wrong, where, and what to do. */
export function printError(io: Io, report: ErrorReport, options: { readonly json: boolean; readonly verbose: boolean }): void {
  const { code, message, fix, issues, retryAfter, stack } = report;
  if (options.json) {
    const body = {
      code,
      message,
      fix,
      ...(issues.length > 0 ? { issues } : {}),
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(options.verbose ? { stack } : {}),
    };
    io.stderr.write(`${JSON.stringify({ error: body })}\n`);
    return;
  }
  const colour = paint(mayColour(io.stderr, io.env));
  const lines = [`${colour("red", "error")} ${colour("bold", code)} ${printable(headline(report))}`];
  const isTold = issues.length === 1 && issues.every((issue) => message.includes(issue.message));
  if (!isTold) lines.push(...issues.map((issue) => `  - ${printable(issue.path === "" ? "(root)" : issue.path)}: ${printable(issue.message)}`));
  lines.push(`  what to do: ${printable(fix)}`);
  if (options.verbose && stack !== undefined) lines.push(...stack.split("\n").map(printable));
  io.stderr.write(`${lines.join("\n")}\n`);
}

/** The message without the list of issues that it ends with, since they get a line each. */
function headline({ message, issues }: ErrorReport): string {
  const [first, second] = issues;
  if (first === undefined || second === undefined) return message;
  const at = message.indexOf(`: ${first.path === "" ? "(root)" : first.path}: ${first.message}`);
  return at < 0 ? message : message.slice(0, at);
}
