import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { deploymentOf } from "../../core/deployment.ts";
import { lambdaRuntime } from "../../synth/index.ts";
import { bundleOf, type Bundle } from "../build/bundle.ts";
import { entriesOf } from "../build/entries.ts";
import { runs, type Call, type Session } from "../call.ts";
import { exit, type ExitCode } from "../exit.ts";
import { loadApp } from "../load/app.ts";
import { shown } from "../load/locate.ts";
import { table } from "../output/table.ts";
import { plural } from "../output/text.ts";
import { readEnvironments } from "../stack/environments.ts";
import { countOption } from "./options.ts";

interface BuildOptions {
  readonly env: string;
  readonly infra: string;
  readonly out: string;
  readonly budget?: number;
}

/** Largest bundle of each kind, kilobytes (1,000 bytes) of minified code: what still starts fast. Behind the API the whole door is in it. */
const budgets: Readonly<Record<Bundle["kind"], number>> = { handler: 700, relay: 700, ticker: 700, endpoint: 900, api: 900 };

export function addBuild(program: Command, session: Session): void {
  const command = new Command("build")
    .description("bundle one Lambda function for each handler, endpoint and part of the engine; exit code 3 where one is over its budget")
    .requiredOption("--env <name>", "the environment whose names the bundles get")
    .option("--infra <path>", "folder of the infrastructure", "infra")
    .option("--out <folder>", "where the bundles go", "build")
    .addOption(countOption("--budget <kB>", "largest bundle, in kB of minified code (default: 700, behind the API 900)", 1, 50_000));
  runs<BuildOptions>(command, session, buildAll);
  program.addCommand(command);
}

async function buildAll(call: Call<BuildOptions>): Promise<ExitCode> {
  const { app: appPath } = await call.settings();
  const { env, infra, out, budget } = call.options;
  const app = await loadApp(appPath, call.io.cwd);
  // Only where the app has secrets it matters to a bundle where they are kept.
  const [found] = app.topology.secrets.size === 0 ? [] : readEnvironments(call.io.cwd, infra, env);
  const entries = entriesOf(app.topology, deploymentOf(app.topology, env), appPath, found?.environment);
  const folder = resolve(call.io.cwd, out, env);
  const bundles: Bundle[] = [];
  await call.print.progress("bundling", async (report) => {
    mkdirSync(folder, { recursive: true });
    for (const entry of entries) {
      report(`${String(bundles.length)}/${String(entries.length)}`);
      const bundle = await bundleOf(entry, appPath);
      writeFileSync(join(folder, `${bundle.name}.zip`), bundle.zip);
      writeFileSync(join(folder, `${bundle.name}.map`), bundle.sourceMap);
      bundles.push(bundle);
    }
  });
  const budgetOf = ({ kind }: Bundle): number => budget ?? budgets[kind];
  const over = bundles.filter((bundle) => bundle.bytes > budgetOf(bundle) * 1_000);
  const result = bundles.map(({ name, kind, bytes, zip, hash, clients, packages }) => ({ name, kind, bytes, zipped: zip.length, hash, clients, packages }));
  call.print.result({ folder, runtime: lambdaRuntime, over: over.map(({ name }) => name), bundles: result }, () =>
    [
      table(
        result,
        [
          { title: "function", cell: ({ name }) => name },
          { title: "kind", cell: ({ kind }) => kind },
          { title: "kB", cell: ({ bytes }) => kilobytes(bytes), right: true },
          { title: "zipped", cell: ({ zipped }) => kilobytes(zipped), right: true },
          { title: "AWS clients", cell: ({ clients }) => clients.join(" ") },
        ],
        call.print.paint,
      ),
      `wrote ${plural(bundles.length, "bundle")} to ${shown(folder, call.io.cwd)} for ${lambdaRuntime}, arm64`,
      ...over.map(
        (bundle) =>
          `${bundle.name} is over its budget of ${String(budgetOf(bundle))} kB; heaviest: ${bundle.packages
            .slice(0, 3)
            .map(([name, bytes]) => `${name} ${kilobytes(bytes)}`)
            .join(", ")}`,
      ),
    ].join("\n"),
  );
  return over.length > 0 ? exit.problem : exit.ok;
}

function kilobytes(bytes: number): string {
  return (bytes / 1_000).toFixed(0);
}
