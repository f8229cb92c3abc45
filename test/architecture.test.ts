import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { errorCatalogue } from "pulsequeue";
import { importCycles, importTable, importViolations } from "./support/imports.ts";
import { badNames, bannedConstructs, exportedNames, tooLong, unusedCodes } from "./support/style.ts";
import { isTest, projectRoot, readTree, treeOf, type Tree } from "./support/tree.ts";

const source = readTree(["src"], [".ts"]);
const everything = readTree(["src", "test", "examples", "bench", "scripts"], [".ts", ".js"]);
const typescript = new Map([...everything].filter(([path]) => path.endsWith(".ts")));
const withoutTests: Tree = new Map([...everything].filter(([path]) => !isTest(path)));

/** What a user installs with the package. Each entry is code that runs in the user's process: adding one is a decision. */
const runtimeDependencies = [
  "@hono/node-server",
  "@standard-schema/spec",
  "better-sqlite3",
  "commander",
  "croner",
  "esbuild",
  "fflate",
  "hono",
  "jose",
  "pino",
  "prom-client",
  "tsx",
];

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}
const manifest = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as Manifest;

describe("imports go one way", () => {
  test("every file of src and examples imports only what the table allows", () => {
    expect(importViolations(everything)).toEqual([]);
  });

  test("an import against the table is found: upwards, across engines, of Node in the core, of an inner file in an example", () => {
    const tree = treeOf({
      "src/core/a.ts": 'import type { Worker } from "../engines/local/worker.ts"; import { readFileSync } from "node:fs"; import "croner";',
      "src/engines/local/b.ts": 'export { c } from "../aws/c.ts"; import { x } from "../../core/a.ts"; import "better-sqlite3";',
      "src/testing/d.ts": 'import { openLocal } from "../engines/local/index.ts";',
      "src/stray/e.ts": "export const e = 1;",
      "examples/shop/f.ts": 'import { defineApp } from "pulsequeue"; import { inner } from "pulsequeue/core"; const g = await import("../../src/core/a.ts");',
      "examples/shop/h.ts": 'import { f } from "./f.ts"; type K = import("../other/k.ts").K;',
    });
    expect(importViolations(tree)).toEqual([
      "src/core/a.ts imports ../engines/local/worker.ts",
      "src/core/a.ts imports node:fs",
      "src/engines/local/b.ts imports ../aws/c.ts",
      "src/stray/e.ts belongs to no part of the import table",
      "examples/shop/f.ts imports pulsequeue/core",
      "examples/shop/f.ts imports ../../src/core/a.ts",
      "examples/shop/h.ts imports ../other/k.ts",
    ]);
  });

  test("the only exception in the table is the engine under testApp", () => {
    expect(importTable.filter((rule) => rule.exception !== undefined).map((rule) => rule.part)).toEqual(["src/testing/"]);
  });

  test("no files import each other in a loop, type imports included", () => {
    expect(importCycles(withoutTests)).toEqual([]);
  });

  test("a loop is found, also one of types and one of a file with itself", () => {
    const tree = treeOf({
      "src/a.ts": 'import type { B } from "./b.ts";',
      "src/b.ts": 'import { c } from "./deep/c.ts";',
      "src/deep/c.ts": 'export type { A } from "../a.ts"; import "./d.ts";',
      "src/deep/d.ts": 'import "./d.ts";',
    });
    expect(importCycles(tree)).toEqual(["src/a.ts → src/b.ts → src/deep/c.ts → src/a.ts", "src/deep/d.ts → src/deep/d.ts"]);
  });
});

describe("the house style", () => {
  test("no source file is longer than 300 lines and no test longer than 500", () => {
    expect(tooLong(everything)).toEqual([]);
  });

  test("a file one line too long is found", () => {
    const tree = treeOf({ "src/a.ts": "x\n".repeat(301), "src/b.ts": "x\n".repeat(300), "src/a.test.ts": "x\n".repeat(501), "test/c.ts": "x\n".repeat(500) });
    expect(tooLong(tree)).toEqual(["src/a.ts has 301 lines, 300 are allowed", "src/a.test.ts has 501 lines, 500 are allowed"]);
  });

  test("file names are kebab-case", () => {
    expect(badNames(everything.keys())).toEqual([]);
  });

  test("another case is found", () => {
    expect(badNames(["src/a-b.test.ts", "src/aB.ts", "src/a_b.ts", "test/event.test-d.ts", "src/A.ts"])).toEqual(["src/aB.ts", "src/a_b.ts", "src/A.ts"]);
  });

  test("no any, no non-null !, no enum, no namespace, no export *, no stray default export, no open end, no check switched off without a reason", () => {
    expect(bannedConstructs(typescript)).toEqual([]);
  });

  test("each of them is found, and none in a text or a comment that only spells it", () => {
    const tree = treeOf({
      "src/a.ts": [
        "export const a: any = 1;",
        "export const b = a!;",
        "enum C {}",
        "namespace D {}",
        'export * from "./b.ts";',
        "export default a;",
        "// TO" + "DO later",
        "const e = 1; // @ts-ig" + "nore",
        "// eslint-dis" + "able-next-line no-var",
        "if (e) { /* FIX" + "ME */ }",
      ].join("\n"),
      "src/b.ts": ['export const text = "any ! enum export * TO' + 'DO";', "// any enum", "// eslint-dis" + "able-next-line no-var -- a reason"].join("\n"),
      "examples/shop/app.ts": 'export default defineApp("shop", {});',
    });
    expect(bannedConstructs(tree)).toEqual([
      "src/a.ts:1 has any",
      "src/a.ts:2 has a non-null !",
      "src/a.ts:3 has an enum",
      "src/a.ts:4 has a namespace",
      "src/a.ts:5 has export *",
      "src/a.ts:6 has a default export",
      "src/a.ts has an open end in a comment",
      "src/a.ts has a switched-off type check in a comment",
      "src/a.ts has a switched-off lint rule without a reason in a comment",
      "src/a.ts has an open end in a comment",
    ]);
  });
});

describe("the public surface", () => {
  const entries = Object.entries(manifest.exports).flatMap(([entry, target]) => (typeof target === "string" ? [] : [[entry, target] as const]));

  test.each(entries)("entry %s exports exactly the committed list of names", async (entry, target) => {
    const path = (target["source"] ?? "").replace("./", "");
    const names = exportedNames(path, source.get(path) ?? "");
    expect(names).not.toEqual([]);
    await expect(`${names.join("\n")}\n`).toMatchFileSnapshot(`public-names/${entry === "." ? "pulsequeue" : entry.slice(2)}.txt`);
  });

  test("names are read from lists, declarations and types", () => {
    const text =
      'export { b as a } from "./x.ts"; export type { C } from "./y.ts"; export const d = 1, e = 2; export function f() {} export interface G {} const hidden = 1;';
    expect(exportedNames("src/index.ts", text)).toEqual(["C", "G", "a", "d", "e", "f"]);
  });

  test("the package's dependencies are the listed ones, each pinned to one version", () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual(runtimeDependencies);
    const versions = [...Object.entries(manifest.dependencies), ...Object.entries(manifest.devDependencies)];
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

describe("errors", () => {
  const codes = Object.keys(errorCatalogue);

  test("every code has a way out, one sentence or two", () => {
    const poor = Object.entries(errorCatalogue).filter(([, { fix }]) => !/^[A-Z].{15,}\.$/.test(fix));
    expect(poor).toEqual([]);
  });

  test("every code is used by a part of the program", () => {
    expect(unusedCodes(source, codes, "src/core/errors.ts")).toEqual([]);
  });

  test("a code that only the catalogue or a test names is found", () => {
    const tree = treeOf({
      "src/core/errors.ts": '"A_ONE" "B_TWO" "C_THREE"',
      "src/core/a.ts": 'throw new PulseQueueError("A_ONE", "…")',
      "src/core/a.test.ts": 'expect("B_TWO")',
    });
    expect(unusedCodes(tree, ["A_ONE", "B_TWO", "C_THREE"], "src/core/errors.ts")).toEqual(["B_TWO", "C_THREE"]);
  });
});
