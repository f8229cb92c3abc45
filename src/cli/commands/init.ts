import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Command } from "commander";
import { runs, type Call, type Session } from "../call.ts";
import { CommandError } from "../exit.ts";
import { shown } from "../load/locate.ts";
import { packageRoot, readManifest } from "../manifest.ts";
import { writeNewFiles } from "../write-files.ts";

interface InitOptions {
  readonly dryRun?: boolean;
}

export function addInit(program: Command, session: Session): void {
  const command = new Command("init")
    .description("make a small app that passes its own test, in an empty folder")
    .argument("[folder]", "where", ".")
    .option("--dry-run", "list the files, and write nothing");
  runs<InitOptions>(command, session, init);
  program.addCommand(command);
}

async function init(call: Call<InitOptions>): Promise<undefined> {
  const folder = resolve(call.io.cwd, call.args[0] ?? ".");
  const name = shown(folder, call.io.cwd);
  if (!isFree(folder))
    throw new CommandError("FILE_EXISTS", `${name} exists and is no empty folder`, "Name a new or an empty folder: nothing is ever overwritten.");
  const files = filesOf(basename(folder));
  const isDry = call.options.dryRun === true;
  if (!isDry) writeNewFiles(files.map(([file, text]) => [join(folder, file), text]));
  const names = files.map(([file]) => file);
  call.print.result({ folder, files: names, dryRun: isDry }, () =>
    isDry
      ? `would write to ${name}: ${names.join(", ")}`
      : [
          `wrote to ${name}: ${names.join(", ")}`,
          "",
          "Next:",
          ...(name === "." ? [] : [`  cd ${name}`]),
          "  npm install",
          "  npm test",
          "  npx pulsequeue dev",
          `  npx pulsequeue emit order.placed '{"orderId":"o-1","total":4200}'   # in a second terminal`,
        ].join("\n"),
  );
}

function isFree(folder: string): boolean {
  return !existsSync(folder) || (statSync(folder).isDirectory() && readdirSync(folder).length === 0);
}

/** The scaffold: the app and its test as they are in this package, and what a project needs around them. */
function filesOf(folder: string): readonly (readonly [name: string, text: string])[] {
  const template = (name: string): readonly [string, string] => [name, readFileSync(new URL(`templates/app/${name}`, packageRoot), "utf8")];
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  return [
    ["package.json", json(packageOf(folder))],
    ["tsconfig.json", json({ compilerOptions, include: ["*.ts"] })],
    [".gitignore", "node_modules/\n.pulsequeue/\n"],
    template("app.ts"),
    template("app.test.ts"),
  ];
}

const compilerOptions = {
  target: "ES2023",
  module: "NodeNext",
  moduleResolution: "NodeNext",
  types: ["node"],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};

/** Versions that this package is tested with. */
function packageOf(folder: string): unknown {
  const { version, engines, dependencies, devDependencies } = readManifest();
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .replace(/^-/, "")
    .replace(/-$/, "");
  return {
    name: name === "" ? "my-queue" : name,
    version: "0.0.0",
    private: true,
    type: "module",
    engines,
    scripts: {
      dev: "pulsequeue dev",
      start: "pulsequeue start",
      test: "node --import tsx --test app.test.ts",
      typecheck: "tsc",
      check: "pulsequeue schema check",
    },
    dependencies: { pulsequeue: `^${version}`, zod: `^${devDependencies["zod"] ?? ""}` },
    devDependencies: {
      "@types/node": `^${devDependencies["@types/node"] ?? ""}`,
      tsx: `^${dependencies["tsx"] ?? ""}`,
      typescript: `^${devDependencies["typescript"] ?? ""}`,
    },
  };
}
