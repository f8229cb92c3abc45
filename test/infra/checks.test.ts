/** The checks of the infrastructure on its files: what is there passes, and each planted fault is found by the check that is for it. */
import { parse } from "@cdktn/hcl2json";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { accountInfra, infraChecks, openModules, runCheck, stackInfra, type Infra, type ParseHcl } from "../../src/audit/infra/index.ts";
import { infraMutants, type Mutant } from "./mutants.ts";
import { projectRoot } from "../support/tree.ts";

const folder = join(projectRoot, "infra");
const environments = ["dev", "staging", "prod"];

/** Files that are the same are parsed once. */
const parsed = new Map<string, ReturnType<ParseHcl>>();
const parseOnce: ParseHcl = (name, text) => {
  const found = parsed.get(text) ?? parse(name, text);
  parsed.set(text, found);
  return found;
};

async function readAll(
  names: readonly string[],
  changed?: (path: string, text: string) => string,
): Promise<readonly (readonly ["stack" | "account", Infra])[]> {
  const files = await openModules(folder, parseOnce, changed);
  return names.flatMap((name) => [["stack", stackInfra(files, folder, name)] as const, ["account", accountInfra(files, folder, name)] as const]);
}

function failures(infras: Awaited<ReturnType<typeof readAll>>): readonly string[] {
  return infras.flatMap(([kind, infra]) =>
    [...infraChecks.values()]
      .filter((check) => check.of === kind || check.of === "both")
      .flatMap((check) => runCheck(check, infra).answer.findings.map(({ address, problem }) => `${check.id} ${infra.name} ${address}: ${problem}`)),
  );
}

function plant({ file, find, replace }: Mutant): (path: string, text: string) => string {
  const [at, from, to] = [file, find, replace].map((text) => text.replaceAll("{prod}", "prod"));
  return (path, text) => (path === join(folder, at ?? "") ? text.replace(from ?? "", () => to ?? "") : text);
}

let good: Awaited<ReturnType<typeof readAll>> = [];
beforeAll(async () => {
  good = await readAll(environments);
}, 60_000);

it("every check passes on every stack and account as they are", () => {
  expect(failures(good)).toEqual([]);
  expect(good).toHaveLength(6);
});

it("every check has a mutant, and every mutant a check", () => {
  expect([...new Set(infraMutants.map(({ check }) => check))].sort()).toEqual([...infraChecks.keys()].sort());
});

describe("a fault is found by its check:", () => {
  it.each(infraMutants.map((mutant) => [`${mutant.check}: ${mutant.name}`, mutant] as const))("%s", async (_, mutant) => {
    const path = join(folder, mutant.file.replaceAll("{prod}", "prod"));
    expect(readFileSync(path, "utf8").split(mutant.find.replaceAll("{prod}", "prod"))).toHaveLength(2);
    const found = failures(await readAll(["prod"], plant(mutant)));
    expect(found.map((line) => line.split(" ")[0])).toContain(mutant.check);
  });
});

it("a check that finds nothing to look at fails", () => {
  const [first] = good;
  if (first === undefined) throw new Error("There is no stack");
  const empty: Infra = { ...first[1], resources: [] };
  for (const check of infraChecks.values())
    if (check.of !== "account" && check.id !== "state" && check.id !== "account") expect(runCheck(check, empty).status, check.id).toBe("fail");
});

it("stacks differ by their data alone", () => {
  for (const file of ["main.tf", "variables.tf", "outputs.tf"]) {
    expect(new Set(environments.map((name) => readFileSync(join(folder, "stacks", name, file), "utf8"))).size, file).toBe(1);
  }
});
