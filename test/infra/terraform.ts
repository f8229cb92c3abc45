/** Terraform without an account and without a network: where it is, and what it says of the infrastructure. */
import { execFile, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

export interface Terraform {
  readonly version: string;
  /** Folder that holds the providers. */
  readonly plugins: string;
}

/** What is missing, where something is. */
export function findTerraform(): Terraform | string {
  const asked = spawnSync("terraform", ["version", "-json"], { encoding: "utf8", env: environment() });
  if (asked.status !== 0) return "there is no terraform on the path";
  const { terraform_version: version } = JSON.parse(asked.stdout) as { readonly terraform_version: string };
  const plugins = mirrors().find((folder) => existsSync(join(folder, "registry.terraform.io/hashicorp/aws")));
  return plugins === undefined ? "there is no mirror of the AWS provider: name its folder in TF_PLUGIN_DIR" : { version, plugins };
}

/** Where a mirror of providers may lie: where one says, where Terraform itself looks, and one folder deep where software is put. */
function mirrors(): readonly string[] {
  const said = process.env["TF_PLUGIN_DIR"];
  if (said !== undefined && said !== "") return [said];
  const own = [join(homedir(), ".terraform.d/plugins"), "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins"];
  const put = ["/opt", "/usr/local/lib", "/usr/local/share", "/usr/lib"].filter((folder) => existsSync(folder));
  return [...own, ...put.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))];
}

function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_") && !name.startsWith("TF_"));
  return { ...Object.fromEntries(kept), TF_CLI_CONFIG_FILE: "/dev/null", TF_IN_AUTOMATION: "1", CHECKPOINT_DISABLE: "1", NO_COLOR: "1" };
}

export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

/** Instead of an account: keys that open nothing, and a state that is thrown away. */
const offline = `terraform {
  backend "local" {}
}

provider "aws" {
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  allowed_account_ids         = null
}
`;

export interface Workspace {
  /** Names of all modules. */
  readonly modules: readonly string[];
  /** `folder`: below the infrastructure's. */
  run(folder: string, ...args: readonly string[]): Promise<Outcome>;
  /** For `validate` and `test`, which need no state. */
  init(folder: string): Promise<Outcome>;
  /** The plan of a root module as JSON, with bundles that hold nothing; what failed, where something did. */
  plan(folder: string, ...args: readonly string[]): Promise<{ readonly plan: unknown } | Outcome>;
  readonly folder: string;
  remove(): void;
}

/** A copy of the infrastructure that Terraform may write into. */
export function openWorkspace(infra: string, { plugins }: Terraform): Workspace {
  const folder = mkdtempSync(join(tmpdir(), "pulsequeue-infra-"));
  cpSync(infra, folder, { recursive: true, filter: (path) => !path.includes(".terraform") });
  const run = (below: string, ...args: readonly string[]): Promise<Outcome> =>
    new Promise((resolve) => {
      const options = { cwd: join(folder, below), env: environment(), maxBuffer: 256 * 1024 * 1024, timeout: 300_000 };
      execFile("terraform", args, options, (error, stdout, stderr) => {
        resolve({ ok: error === null, output: args[0] === "show" ? stdout : `${stdout}${stderr}` });
      });
    });
  const init = (below: string, ...args: readonly string[]): Promise<Outcome> => run(below, "init", ...args, "-input=false", `-plugin-dir=${plugins}`);
  return {
    folder,
    modules: readdirSync(join(folder, "modules")).sort(),
    run,
    init: (below) => init(below, "-backend=false"),
    async plan(below, ...args) {
      writeFileSync(join(folder, below, "offline_override.tf"), offline);
      const opened = await init(below);
      if (!opened.ok) return opened;
      const planned = await run(below, "plan", "-input=false", "-out=offline.tfplan", ...args);
      if (!planned.ok) return planned;
      const shown = await run(below, "show", "-json", "offline.tfplan");
      return shown.ok ? { plan: JSON.parse(shown.output) as unknown } : shown;
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A file for each bundle that a stack's variables name. */
export function writeBundles(stack: string, into: string): void {
  const { handlers, endpoints, services } = JSON.parse(readFileSync(join(stack, "topology.auto.tfvars.json"), "utf8")) as Readonly<
    Record<string, Readonly<Record<string, { readonly bundle: string }>>>
  >;
  mkdirSync(into, { recursive: true });
  for (const { bundle } of Object.values({ ...handlers, ...endpoints, ...services })) writeFileSync(join(into, bundle), "");
}
