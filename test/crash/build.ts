/**
 * Makes a copy of the sources and of the application that is killed, as JavaScript, in a folder of its own: a process starts
 * faster from it, nothing depends on `dist`, and a fault can be planted in it.
 */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { isTest, projectRoot, readTree } from "../support/tree.ts";

const serverFiles = [
  "src/index.ts",
  "src/testing/random.ts",
  "test/crash/server.ts",
  "test/crash/app.ts",
  "test/crash/declarations.ts",
  "test/crash/slow-clock.ts",
];

/** The path of a script that `fork` can start. */
export function serverScript(folder: string): string {
  return join(folder, "test", "crash", "server.js");
}

/** `files`: what the copy holds besides the core and the engine. */
export function buildCopy(folder: string, files: readonly string[] = serverFiles): void {
  for (const [path, text] of readTree(["src/core", "src/machine", "src/engines/local"], [".ts"])) if (!isTest(path)) writeCompiled(folder, path, text);
  for (const path of files) writeCompiled(folder, path, readSource(path));
  // The copy refers to itself by the package's name, as the sources do.
  const exports = { ".": "./src/index.js", "./local": "./src/engines/local/index.js" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "pulsequeue", type: "module", exports }));
  symlinkSync(join(projectRoot, "node_modules"), join(folder, "node_modules"));
}

/** One source with its exact text replaced. */
export interface Replacement {
  /** Path from the root of the project. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** The sources after the replacements, by path. Throws where a text is not there exactly once. */
export function applyReplacements(replacements: readonly Replacement[], read: (path: string) => string): ReadonlyMap<string, string> {
  const changed = new Map<string, string>();
  for (const { file, find, replace } of replacements) {
    const text = changed.get(file) ?? read(file);
    const parts = text.split(find);
    if (parts.length !== 2) throw new Error(`${file} holds this text ${String(parts.length - 1)} times instead of once: ${find}`);
    changed.set(file, parts.join(replace));
  }
  return changed;
}

export function readSource(path: string): string {
  return readFileSync(join(projectRoot, path), "utf8");
}

/** A copy of a copy with a fault planted in it. */
export function plantFault(original: string, folder: string, replacements: readonly Replacement[]): void {
  cpSync(original, folder, { recursive: true, verbatimSymlinks: true });
  for (const [path, text] of applyReplacements(replacements, readSource)) writeCompiled(folder, path, text);
}

function writeCompiled(folder: string, path: string, text: string): void {
  const { outputText, diagnostics = [] } = ts.transpileModule(text, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true, rewriteRelativeImportExtensions: true },
  });
  const [problem] = diagnostics;
  if (problem !== undefined) throw new Error(`${path} does not compile: ${ts.flattenDiagnosticMessageText(problem.messageText, "\n")}`);
  const target = join(folder, path.replace(/\.ts$/, ".js"));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, outputText);
}
