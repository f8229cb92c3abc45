import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Files of a project: path from its root, with `/`, to text. A test can write a tiny one by hand. */
export type Tree = ReadonlyMap<string, string>;

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const skipped = new Set(["node_modules", "dist", "coverage", ".git", ".pulsequeue"]);

/** The files under `folders` of this project whose names end with one of `endings`. */
export function readTree(folders: readonly string[], endings: readonly string[]): Tree {
  const tree = new Map<string, string>();
  const visit = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      if (entry.isDirectory() && !skipped.has(entry.name)) visit(child);
      if (entry.isFile() && endings.some((ending) => entry.name.endsWith(ending))) {
        tree.set(relative(projectRoot, child).split(sep).join("/"), readFileSync(child, "utf8"));
      }
    }
  };
  for (const folder of folders) if (existsSync(join(projectRoot, folder))) visit(join(projectRoot, folder));
  return tree;
}

/** A tree written by hand. */
export function treeOf(files: Readonly<Record<string, string>>): Tree {
  return new Map(Object.entries(files));
}

/** The path that the relative reference `target` in the file `from` means, from the root. */
export function resolveFrom(from: string, target: string): string {
  return posix.normalize(posix.join(posix.dirname(from), target));
}

export const isTest = (path: string): boolean => /\.test(?:-d)?\.ts$/.test(path) || path.startsWith("test/");
