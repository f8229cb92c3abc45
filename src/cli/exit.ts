import { isPulseQueueError, PulseQueueError, type ErrorCode, type Issue } from "../core/errors.ts";

/** The exit codes of every command. */
export const exit = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** A check (`schema check`, `doctor`, `verify`) found a problem. */
  problem: 3,
  /** The app, its declarations or the config cannot be used. */
  declaration: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exit)[keyof typeof exit];

/** What only a command can meet: it carries its own code, exit code and way out. */
export class CommandError extends Error {
  readonly code: "USAGE" | "FILE_MISSING" | "FILE_EXISTS" | "FILE_UNWRITABLE" | "CONTRACT_UNREADABLE" | "PACKAGE_MISSING" | "PLAN_FAILED";
  readonly exitCode: ExitCode;
  readonly fix: string;

  constructor(code: CommandError["code"], message: string, fix: string) {
    super(message);
    this.name = "CommandError";
    this.code = code;
    this.exitCode = code === "USAGE" ? exit.usage : exit.failure;
    this.fix = fix;
  }
}

/** The command line itself is wrong: nothing was done. */
export function usageError(message: string, fix: string): CommandError {
  return new CommandError("USAGE", message, fix);
}

const declarationCodes: ReadonlySet<ErrorCode> = new Set(["APP_NOT_LOADED", "DECLARATION_INVALID", "DEPLOYMENT_INVALID", "TOPOLOGY_INVALID"]);

/** An error as both the terminal and `--json` show it. */
export interface ErrorReport {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  readonly fix: string;
  readonly issues: readonly Issue[];
  readonly retryAfter: number | undefined;
  /** For `--verbose` only. */
  readonly stack: string | undefined;
}

export function reportOf(thrown: unknown): ErrorReport {
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  if (thrown instanceof CommandError) {
    const { exitCode, code, message, fix } = thrown;
    return { exitCode, code, message, fix, issues: [], retryAfter: undefined, stack };
  }
  const error = isPulseQueueError(thrown) ? thrown : new PulseQueueError("INTERNAL", thrown instanceof Error ? thrown.message : `${typeof thrown} was thrown`);
  const exitCode = declarationCodes.has(error.code) ? exit.declaration : error.code === "OPERATION_INVALID" ? exit.usage : exit.failure;
  const { code, message, fix, issues, retryAfter } = error;
  return { exitCode, code, message, fix, issues, retryAfter, stack };
}
