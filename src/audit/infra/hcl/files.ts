/** Terraform files on disk. Who reads them brings the parser, which is no dependency of this package. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { PulseQueueError } from "../../../core/errors.ts";
import type { Infra } from "../resource.ts";
import type { Value } from "./functions.ts";
import { filesInfra, type ModuleFiles } from "./module.ts";

/** E.g. `parse` of hcl2json: blocks by kind, type and name; expressions stay text. */
export type ParseHcl = (name: string, text: string) => Promise<Record<string, unknown>>;

type Blocks = Record<string, Value>;

/** Every module under `folder`. `changed`: the text of a file instead of its own, by its path. */
export async function openModules(folder: string, parse: ParseHcl, changed: (path: string, text: string) => string = (_, text) => text): Promise<ModuleFiles> {
  const parsed = new Map<string, Blocks>();
  const read = async (at: string): Promise<void> => {
    const blocks: Blocks = {};
    for (const name of readdirSync(at).sort()) {
      const path = join(at, name);
      if (statSync(path).isDirectory()) {
        if (name !== "tests" && name !== "policies" && !name.startsWith(".")) await read(path);
      } else if (/\.tf(?:\.json)?$/.test(name)) {
        const text = changed(path, readFileSync(path, "utf8"));
        merge(blocks, (name.endsWith(".json") ? JSON.parse(text) : await parse(name, text)) as Blocks);
      } else if (/\.(?:tfvars|tfbackend)$/.test(name)) {
        parsed.set(path, (await parse(`${name}.tf`, changed(path, readFileSync(path, "utf8")))) as Blocks);
      }
    }
    if (Object.keys(blocks).length > 0) parsed.set(at, blocks);
  };
  await read(resolve(folder));
  return {
    read: (path) => changed(path, readFileSync(path, "utf8")),
    list: (path) => readdirSync(path),
    resolve,
    blocks(path) {
      const blocks = parsed.get(path);
      if (blocks === undefined) throw new PulseQueueError("DEPLOYMENT_INVALID", "HCL: a module's source leads to no module");
      return blocks;
    },
  };
}

/** The stack of an environment from its files and its synthesized variables. */
export function stackInfra(files: ModuleFiles, folder: string, name: string): Infra {
  const path = resolve(folder, "stacks", name);
  return filesInfra(name, path, JSON.parse(files.read(join(path, "topology.auto.tfvars.json"))) as Blocks, files);
}

/** What an administrator makes in the account of an environment. */
export function accountInfra(files: ModuleFiles, folder: string, name: string): Infra {
  const path = resolve(folder, "account");
  const infra = filesInfra(name, path, files.blocks(join(path, `${name}.tfvars`)), files);
  return { ...infra, backend: files.blocks(join(path, `${name}.s3.tfbackend`)) };
}

function merge(into: Blocks, from: Blocks): void {
  for (const [kind, blocks] of Object.entries(from)) {
    const there = into[kind];
    if (there === undefined) into[kind] = blocks;
    else if (Array.isArray(there) || Array.isArray(blocks)) into[kind] = [there, blocks].flat() as readonly Value[];
    else {
      const [left, right] = [there as Blocks, blocks as Blocks];
      into[kind] = Object.fromEntries([...Object.keys(left), ...Object.keys(right)].map((name) => [name, mergedOf(left[name], right[name])]));
    }
  }
}

/** Resources are two names deep, everything else one. */
function mergedOf(left: Value | undefined, right: Value | undefined): Value {
  if (left === undefined || Array.isArray(left)) return right ?? left ?? null;
  return right === undefined || Array.isArray(right) ? left : { ...(left as Blocks), ...(right as Blocks) };
}
