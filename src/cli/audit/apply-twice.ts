/** Two applies at once on one state, by the Terraform of this machine, through a stack's own backend and against a stand-in for S3. */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Applies } from "../../audit/experiment.ts";
import { openStateStore } from "./state-store.ts";

interface Ended {
  /** `undefined` where there is no such program. */
  readonly code: number | undefined;
  readonly output: string;
}

/** How long the first apply waits for the second one, at most, tenths of a second. */
const patience = 300;
/** While it is made, the state is locked: it says that it has begun, and ends when it may. */
const slow = {
  resource: {
    terraform_data: {
      slow: {
        provisioner: [
          { "local-exec": { command: `: > ../begun; n=0; until [ -e ../end ] || [ $n -gt ${String(patience)} ]; do n=$((n+1)); sleep 0.1; done` } },
        ],
      },
    },
  },
};

const quick = { resource: { terraform_data: { quick: {} } } };

/** `backend`: text of a stack's `backend.tf.json`. Answers `undefined` where there is no Terraform. */
export async function applyTwice(backend: string): Promise<Applies | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-lock-"));
  const path = (name: string): string => join(folder, name);
  const account = /"allowed_account_ids":\s*\[\s*"(?<account>\d{12})"/.exec(backend)?.groups?.["account"] ?? "000000000000";
  const store = await openStateStore(account);
  try {
    mkdirSync(path("first"));
    writeFileSync(path("first/backend.tf.json"), backend);
    writeFileSync(path("first/main.tf.json"), JSON.stringify(slow));
    writeFileSync(path("first/local.tfbackend"), settings(store.url));
    const opened = await terraform(path("first"), "init", "-input=false", "-no-color", "-backend-config=local.tfbackend");
    if (opened.code === undefined) return undefined;
    if (opened.code !== 0) return { first: opened.output, second: undefined, locks: 0 };
    cpSync(path("first"), path("second"), { recursive: true });
    writeFileSync(path("second/main.tf.json"), JSON.stringify(quick));
    const apply = (name: string): Promise<Ended> => terraform(path(name), "apply", "-auto-approve", "-input=false", "-no-color", "-lock-timeout=0s");
    const running = apply("first");
    const ended = new AbortController();
    void running.then(() => {
      ended.abort();
    });
    while (!ended.signal.aborted && !existsSync(path("begun"))) await wait(20);
    const second = await apply("second");
    writeFileSync(path("end"), "");
    const first = await running;
    return {
      first: first.code === 0 ? undefined : first.output,
      second: second.code === 0 ? undefined : second.output,
      locks: store.keys().filter((key) => key.endsWith(".tflock")).length,
    };
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What differs from the real one: where S3 is, and keys that open nothing. */
function settings(url: string): string {
  return [
    `endpoints = { s3 = "${url}", sts = "${url}" }`,
    ...["use_path_style", "skip_s3_checksum", "skip_metadata_api_check"].map((name) => `${name} = true`),
    'access_key = "offline"',
    'secret_key = "offline"',
    "",
  ].join("\n");
}

function terraform(folder: string, ...args: readonly string[]): Promise<Ended> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_") && !name.startsWith("TF_"));
  const env = { ...Object.fromEntries(kept), TF_CLI_CONFIG_FILE: "/dev/null", TF_IN_AUTOMATION: "1", CHECKPOINT_DISABLE: "1" };
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const child = spawn("terraform", args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    const end = (code: number | undefined): void => {
      resolve({ code, output: Buffer.concat(chunks).toString("utf8") });
    };
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", () => {
      end(undefined);
    });
    child.on("close", (code) => {
      end(code ?? 1);
    });
  });
}
