import ts from "typescript";
import { isTest, resolveFrom, type Tree } from "./tree.ts";

/** The specifiers that a TypeScript file imports or re-exports, types and dynamic imports included. */
export function importsOf(path: string, text: string): readonly string[] {
  const found = new Set<string>();
  const add = (node: ts.Node | undefined): void => {
    if (node !== undefined && ts.isStringLiteralLike(node)) found.add(node.text);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return [...found];
}

/** What one part of the tree may import: other parts by their folder, packages by name. `node:` stands for all of Node. */
export interface Rule {
  /** Path that its files start with. */
  readonly part: string;
  readonly parts: readonly string[];
  readonly packages: readonly string[];
  /** Why an entry is there that the general direction does not give. */
  readonly exception?: string;
}

/** The import table. Direction: core ← machine (clock, randomness, hashes, secrets of this machine) ← engines, http, observe, synth, audit, testing ← cli; examples see public entries only. */
export const importTable: readonly Rule[] = [
  { part: "src/core/", parts: [], packages: ["@standard-schema/spec", "croner"] },
  { part: "src/index.ts", parts: ["src/core/"], packages: [] },
  { part: "src/machine/", parts: ["src/core/"], packages: ["node:"] },
  { part: "src/engines/local/", parts: ["src/core/", "src/machine/"], packages: ["node:", "better-sqlite3"] },
  { part: "src/engines/aws/", parts: ["src/core/", "src/machine/"], packages: ["node:", "@aws-sdk"] },
  { part: "src/http/", parts: ["src/core/", "src/machine/"], packages: ["node:", "hono", "@hono/node-server", "jose"] },
  { part: "src/observe/", parts: ["src/core/"], packages: ["node:", "pino", "prom-client", "@opentelemetry/api"] },
  { part: "src/synth/", parts: ["src/core/"], packages: ["node:"] },
  { part: "src/audit/iam/", parts: ["src/core/", "src/synth/"], packages: [] },
  { part: "src/audit/", parts: ["src/core/", "src/synth/"], packages: ["node:"] },
  {
    part: "src/testing/",
    parts: ["src/core/", "src/engines/local/", "src/synth/"],
    packages: ["node:", "@aws-sdk"],
    exception: "testApp runs applications on a real engine, in memory: the embedded one; the simulated AWS is wired by what Terraform is given",
  },
  {
    part: "src/lambda/",
    parts: ["src/core/", "src/machine/", "src/engines/aws/", "src/http/", "src/observe/"],
    packages: ["node:", "@aws-sdk", "@aws-lambda-powertools"],
    exception: "what a deployed function starts with: here the AWS engine is put together with its clients, as the command does on one machine",
  },
  {
    part: "src/cli/aws/",
    parts: ["src/"],
    packages: ["node:", "@aws-sdk"],
  },
  { part: "src/cli/", parts: ["src/"], packages: ["node:", "@cdktn/hcl2json", "better-sqlite3", "commander", "esbuild", "fflate", "tsx", "yaml"] },
];

/** Public entries: all that an example may know of this package. */
export const publicEntries = [
  "pulsequeue",
  "pulsequeue/aws",
  "pulsequeue/http",
  "pulsequeue/lambda",
  "pulsequeue/local",
  "pulsequeue/observe",
  "pulsequeue/testing",
];

/** Every import that the table does not allow, as a sentence. Tests beside the sources are measured elsewhere. */
export function importViolations(tree: Tree, table: readonly Rule[] = importTable): readonly string[] {
  const violations: string[] = [];
  for (const [path, text] of tree) {
    if (isTest(path)) continue;
    const example = /^examples\/[^/]+\//.exec(path)?.[0];
    const rule = example === undefined ? table.find((candidate) => path.startsWith(candidate.part)) : undefined;
    if (rule === undefined && example === undefined) {
      if (path.startsWith("src/")) violations.push(`${path} belongs to no part of the import table`);
      continue;
    }
    for (const specifier of importsOf(path, text)) {
      const allowed = rule === undefined ? allowedInExample(path, specifier, example ?? "") : allowedByRule(path, specifier, rule);
      if (!allowed) violations.push(`${path} imports ${specifier}`);
    }
  }
  return violations;
}

function allowedByRule(path: string, specifier: string, rule: Rule): boolean {
  if (specifier.startsWith(".")) {
    const target = resolveFrom(path, specifier);
    return [rule.part, ...rule.parts].some((part) => target.startsWith(part));
  }
  return rule.packages.some((name) => specifier === name || specifier.startsWith(name.endsWith(":") ? name : `${name}/`));
}

function allowedInExample(path: string, specifier: string, example: string): boolean {
  if (specifier.startsWith(".")) return resolveFrom(path, specifier).startsWith(example);
  return !specifier.startsWith("pulsequeue") || publicEntries.includes(specifier);
}

/** Groups of files that import each other in a loop, type imports included; each as one loop in words. */
export function importCycles(tree: Tree): readonly string[] {
  const edges = new Map<string, readonly string[]>();
  for (const [path, text] of tree) {
    const targets = importsOf(path, text).filter((specifier) => specifier.startsWith("."));
    edges.set(
      path,
      targets.map((specifier) => resolveFrom(path, specifier)).filter((target) => tree.has(target)),
    );
  }
  const cycles: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path].join(" → "));
    if (start >= 0 || done.has(path)) return;
    trail.push(path);
    for (const next of edges.get(path) ?? []) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const path of tree.keys()) visit(path);
  return cycles;
}
