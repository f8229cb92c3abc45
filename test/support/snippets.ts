import { join } from "node:path";
import ts from "typescript";
import { projectRoot, type Tree } from "./tree.ts";

/**
 * What the compiler says about the TypeScript blocks of Markdown documents. The blocks of one document make one module, so that
 * a later one may use what an earlier one declares; each line keeps its number.
 */
export function compileSnippets(documents: Tree): readonly string[] {
  const modules = new Map([...documents].map(([path, text]) => [join(projectRoot, `${path}.ts`), blocksOf(text)] as const));
  const config = ts.readConfigFile(join(projectRoot, "tsconfig.json"), (path) => ts.sys.readFile(path)).config as unknown;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, projectRoot);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, version, ...rest) => {
    const text = modules.get(name);
    return text === undefined ? getSourceFile(name, version, ...rest) : ts.createSourceFile(name, text, version);
  };
  host.fileExists = (name) => modules.has(name) || fileExists(name);
  host.readFile = (name) => modules.get(name) ?? readFile(name);
  const program = ts.createProgram([...modules.keys()], { ...options, noUnusedLocals: false, noUnusedParameters: false }, host);
  return [...modules.keys()].flatMap((name) => {
    const file = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(({ start = 0, messageText }) => {
      const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
      return `${name.slice(projectRoot.length + 1, -3)}:${String(line)} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });
  });
}

/** The text of the `ts` blocks, every other line empty. */
function blocksOf(markdown: string): string {
  let inside = false;
  const lines = markdown.split("\n").map((line) => {
    if (!line.startsWith("```")) return inside ? line : "";
    inside = !inside && line === "```ts";
    return "";
  });
  return [...lines, "export {};"].join("\n");
}
