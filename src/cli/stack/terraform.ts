/** Runs the user's own Terraform in a stack's folder. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CommandError } from "../exit.ts";
import type { Io } from "../output/io.ts";

interface Run {
  /** `undefined` where there is no Terraform. */
  readonly ok: boolean | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The plan of the stack in `folder` as JSON; `undefined` where there is no Terraform. Throws `PLAN_FAILED` with what Terraform said. */
export async function terraformPlan(folder: string, { env }: Pick<Io, "env">): Promise<unknown> {
  const run = (...args: readonly string[]): Promise<Run> =>
    new Promise((done) => {
      const options = { env: { ...env, TF_IN_AUTOMATION: "1" }, maxBuffer: 512 * 1024 * 1024 };
      execFile("terraform", [`-chdir=${folder}`, ...args], options, (error, stdout, stderr) => {
        done({ ok: error?.code === "ENOENT" ? undefined : error === null, stdout, stderr });
      });
    });
  const work = mkdtempSync(join(tmpdir(), "pulsequeue-plan-"));
  try {
    const file = join(work, "plan");
    // It only looks: whoever applies holds the lock.
    const planned = await run("plan", "-input=false", "-no-color", "-lock=false", `-out=${file}`);
    if (planned.ok === undefined) return undefined;
    if (!planned.ok) throw failed(planned.stderr);
    const shown = await run("show", "-json", "-no-color", file);
    if (shown.ok !== true) throw failed(shown.stderr);
    return JSON.parse(shown.stdout) as unknown;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The first lines of what went wrong, without the frame that Terraform draws around it. */
function failed(said: string): CommandError {
  const lines = said
    .split("\n")
    .map((line) => line.replace(/^[\s│╷╵]+/, ""))
    .filter((line) => line !== "");
  return new CommandError(
    "PLAN_FAILED",
    `Terraform did not plan: ${lines.slice(0, 6).join(" ")}`,
    "Run `terraform init` in the stack's folder and `pulsequeue build --env <name>` first; it needs the account's plan role.",
  );
}

export function readPlan(path: string, cwd: string): unknown {
  try {
    return JSON.parse(readFileSync(resolve(cwd, path), "utf8")) as unknown;
  } catch {
    throw new CommandError("FILE_MISSING", `${path} is no plan that can be read`, "Write it with `terraform show -json <saved plan>`.");
  }
}
