/** Parsers that only the audit needs: packages that a project installs beside, loaded when there is something to parse. */
import type { ParseHcl } from "../../audit/infra/index.ts";
import { CommandError } from "../exit.ts";

export async function loadHclParser(): Promise<ParseHcl> {
  const { parse } = await load("@cdktn/hcl2json", () => import("@cdktn/hcl2json"));
  return parse;
}

export async function loadYamlParser(): Promise<(text: string) => unknown> {
  const { parse } = await load("yaml", () => import("yaml"));
  return (text) => parse(text) as unknown;
}

async function load<Module>(name: string, importIt: () => Promise<Module>): Promise<Module> {
  try {
    return await importIt();
  } catch {
    throw new CommandError(
      "PACKAGE_MISSING",
      `The package ${name} is not installed, which the audit reads this project with`,
      `Run \`npm install --save-dev ${name}\`.`,
    );
  }
}
