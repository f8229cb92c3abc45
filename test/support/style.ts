import ts from "typescript";
import { isTest, resolveFrom, type Tree } from "./tree.ts";

export const sourceLines = 300;
export const testLines = 500;

/** Files that are longer than the house style allows. */
export function tooLong(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, text]) => {
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    const most = isTest(path) ? testLines : sourceLines;
    return lines > most ? [`${path} has ${String(lines)} lines, ${String(most)} are allowed`] : [];
  });
}

/** Files whose names are not kebab-case. */
export function badNames(paths: Iterable<string>): readonly string[] {
  return [...paths].filter((path) => !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*$/.test(path.slice(path.lastIndexOf("/") + 1)));
}

/** Constructs that the house style rules out, found in the syntax tree; never in a text or a type of the same spelling. */
export function bannedConstructs(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, text]) => {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const name = banned(node);
      if (name !== undefined) found.push(`${path}:${String(file.getLineAndCharacterOfPosition(node.getStart()).line + 1)} has ${name}`);
      ts.forEachChild(node, visit);
    };
    visit(file);
    return [...found, ...bannedComments(path, file)];
  });
}

function banned(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AnyKeyword) return "any";
  if (ts.isNonNullExpression(node)) return "a non-null !";
  if (ts.isEnumDeclaration(node)) return "an enum";
  if (ts.isModuleDeclaration(node)) return "a namespace";
  if (ts.isExportDeclaration(node) && (node.exportClause === undefined || ts.isNamespaceExport(node.exportClause))) return "export *";
  if (ts.isExportAssignment(node)) {
    const call = ts.isCallExpression(node.expression) ? node.expression.expression.getText() : "";
    return call === "defineApp" || call === "defineConfig" ? undefined : "a default export";
  }
  return undefined;
}

const commentRules: readonly (readonly [RegExp, string])[] = [
  [/\b(?:TODO|FIXME|XXX|HACK)\b/, "an open end"],
  [/@ts-(?:ignore|nocheck)/, "a switched-off type check"],
  [/eslint-disable(?!.* -- \S)/, "a switched-off lint rule without a reason"],
];

function bannedComments(path: string, file: ts.SourceFile): readonly string[] {
  const comments = new Set<string>();
  const visit = (node: ts.Node): void => {
    const ranges = [...(ts.getLeadingCommentRanges(file.text, node.getFullStart()) ?? []), ...(ts.getTrailingCommentRanges(file.text, node.end) ?? [])];
    for (const { pos, end } of ranges) comments.add(file.text.slice(pos, end));
    for (const child of node.getChildren(file)) visit(child);
  };
  visit(file);
  return [...comments].flatMap((comment) => commentRules.flatMap(([pattern, name]) => (pattern.test(comment) ? [`${path} has ${name} in a comment`] : [])));
}

/** Names that a module exports, types included, sorted. */
export function exportedNames(path: string, text: string): readonly string[] {
  const names: string[] = [];
  for (const statement of ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true).statements) {
    if (ts.isExportDeclaration(statement) && statement.exportClause !== undefined && ts.isNamedExports(statement.exportClause)) {
      names.push(...statement.exportClause.elements.map((element) => element.name.text));
      continue;
    }
    const exported = ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
    if (!exported) continue;
    if (ts.isVariableStatement(statement)) names.push(...statement.declarationList.declarations.map((declaration) => declaration.name.getText()));
    else if ("name" in statement) names.push((statement.name as ts.Identifier).text);
  }
  return names.sort();
}

/** Codes of `codes` that no file but the catalogue's own names as a text. */
export function unusedCodes(tree: Tree, codes: readonly string[], catalogue: string): readonly string[] {
  const used = new Set<string>();
  for (const [path, text] of tree) {
    if (path === catalogue || isTest(path)) continue;
    for (const [, code = ""] of text.matchAll(/"([A-Z][A-Z_]+)"/g)) used.add(code);
  }
  return codes.filter((code) => !used.has(code));
}

/** GitHub's anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

const anchorsOf = (text: string): ReadonlySet<string> => new Set([...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading)));

/** Relative links in the Markdown files of `documents` that lead nowhere; `exists` answers for files that are not Markdown. */
export function brokenLinks(documents: Tree, exists: (path: string) => boolean): readonly string[] {
  return [...documents].flatMap(([path, text]) => {
    const prose = text.replaceAll(/^```[\s\S]+?^```/gm, "").replaceAll(/`[^`\n]*`/g, "");
    return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].flatMap(([, link = ""]) => {
      if (/^[a-z]+:/.test(link)) return [];
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : resolveFrom(path, file);
      const known = documents.get(target);
      const right = known === undefined ? exists(target) && anchor === undefined : anchor === undefined || anchorsOf(known).has(anchor);
      return right ? [] : [`${path} links to ${link}`];
    });
  });
}
