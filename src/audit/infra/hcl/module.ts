/** The resources of a root module, evaluated from its files: for where Terraform is not at hand, and for what a plan does not know. */
import { PulseQueueError } from "../../../core/errors.ts";
import { at, type Fields, type Infra, type Resource } from "../resource.ts";
import { evaluateText } from "./expression.ts";
import { entriesOf, fieldsOf, functionsOf, isFields, textOf, type FileSystem, type Value } from "./functions.ts";
import type { Reference, Scope } from "./scope.ts";

export interface ModuleFiles extends FileSystem {
  /** The blocks of all files of a module's folder, in the JSON form of HCL. */
  blocks(folder: string): Fields;
  /** The folder that `path`, as it stands in a module in `folder`, leads to. */
  resolve(folder: string, path: string): string;
}

/** `variables`: values of the root module's variables. */
export function filesInfra(name: string, folder: string, variables: Fields, files: ModuleFiles): Infra {
  const root = openModule(files, folder, "", (each) => variables[each], folder);
  const blocks = files.blocks(folder);
  const backend = listed(at(blocks, "terraform")).flatMap((block) => listed(at(block, "backend", "s3")))[0];
  const provider = listed(at(blocks, "provider", "aws"))[0];
  const evaluated = (block: Value | undefined): Fields | undefined => (block === undefined ? undefined : (root.evaluate(block) as Fields));
  return { source: "files", name, resources: root.resources(), backend: evaluated(backend), provider: evaluated(provider) };
}

interface Module {
  output(name: string): Value;
  outputs(): Fields;
  resources(): readonly Resource[];
  evaluate(value: Value): Value;
}

interface Instance {
  /** `["key"]`, `[0]`, or nothing. */
  readonly suffix: string;
  readonly key: string | number | undefined;
  readonly scope: Scope;
}

/** Arguments of a resource or module that are no attributes of its own. */
const meta = new Set(["for_each", "count", "depends_on", "lifecycle", "provider", "providers", "source", "version"]);

function openModule(files: ModuleFiles, folder: string, address: string, given: (name: string) => Value | undefined, root: string): Module {
  const blocks = files.blocks(folder);
  const functions = functionsOf(files);
  const locals = Object.assign({}, ...listed(at(blocks, "locals"))) as Fields;
  const variables = remembered((name) => {
    const block = at(blocks, "variable", name, 0);
    if (block === undefined) throw new PulseQueueError("DEPLOYMENT_INVALID", `HCL: module ${address} has no variable ${name}`);
    return given(name) ?? at(block, "default") ?? null;
  });
  const localValues = remembered((name) => {
    const source = locals[name];
    if (source === undefined) throw new PulseQueueError("DEPLOYMENT_INVALID", `HCL: module ${address} has no local ${name}`);
    return deep(source, scope);
  });
  const path = { module: folder, root };
  const scope: Scope = {
    functions,
    variable(name) {
      if (name === "var") return onlyParts(variables);
      if (name === "local") return onlyParts(localValues);
      if (name === "path") return path;
      if (name === "data") return onlyParts((type) => onlyParts((each) => unknownOf(`data.${type}.${each}`, { partition: "aws" })));
      if (name === "module") return onlyParts((each) => instancesAsValue(modules(each)));
      return at(blocks, "resource", name) === undefined ? undefined : onlyParts((each) => instancesAsValue(references(name, each)));
    },
  };
  const modules = remembered((name) => {
    const block = at(blocks, "module", name, 0);
    return instancesOf(block, scope).map((instance) => {
      const own = `${address === "" ? "" : `${address}.`}module.${name}${instance.suffix}`;
      const child = openModule(files, files.resolve(folder, textOf(at(block, "source"))), own, attributesOf(block, instance.scope), root);
      return { ...instance, child, reference: { attribute: (output: string) => child.output(output), value: () => child.outputs() } };
    });
  });
  const resources = remembered((type, name) => {
    const block = at(blocks, "resource", type, name, 0);
    return instancesOf(block, scope).map((instance) => {
      const own = `${address === "" ? "" : `${address}.`}${type}.${name}${instance.suffix}`;
      const attribute = attributesOf(block, instance.scope);
      const values = (): Fields =>
        Object.fromEntries(
          namesOf(block)
            .filter((each) => !meta.has(each))
            .map((each) => [each, attribute(each) ?? null]),
        );
      return { ...instance, address: own, values, reference: { attribute: (each: string) => attribute(each) ?? `«${own}.${each}»`, value: () => `«${own}»` } };
    });
  });
  const references = (type: string, name: string) => resources(type, name);
  const outputs = remembered((name) => deep(at(blocks, "output", name, 0, "value") ?? null, scope));
  return {
    output: outputs,
    outputs: () => Object.fromEntries(Object.keys(at(blocks, "output") ?? {}).map((name) => [name, outputs(name)])),
    evaluate: (value) => deep(value, scope),
    resources: () => [
      ...Object.entries(fieldsOf(at(blocks, "resource") ?? {})).flatMap(([type, named]) =>
        Object.keys(named ?? {}).flatMap((name) => resources(type, name).map(({ address: own, values }) => ({ address: own, type, values: values() }))),
      ),
      ...Object.keys(at(blocks, "module") ?? {}).flatMap((name) => modules(name).flatMap(({ child }) => child.resources())),
    ],
  };
}

function instancesOf(block: Value | undefined, scope: Scope): readonly Instance[] {
  const [each, count] = [at(block, "for_each"), at(block, "count")];
  if (each !== undefined) {
    return instancesFor(deep(each, scope)).map(([key, value]) => ({
      suffix: `[${JSON.stringify(key)}]`,
      key,
      scope: withName(scope, "each", { key, value }),
    }));
  }
  if (count !== undefined) {
    return Array.from({ length: Number(deep(count, scope)) }, (_, index) => ({
      suffix: `[${String(index)}]`,
      key: index,
      scope: withName(scope, "count", { index }),
    }));
  }
  return [{ suffix: "", key: undefined, scope }];
}

/** A map by its names, a set by its values; nothing for a variable that was left out. */
function instancesFor(value: Value): readonly (readonly [key: string, value: Value])[] {
  if (value === null) return [];
  return Array.isArray(value) ? (value as readonly Value[]).map((each) => [textOf(each), each] as const) : entriesOf(value);
}

function instancesAsValue(
  instances: readonly { readonly key: string | number | undefined; readonly suffix: string; readonly reference: Reference }[],
): Reference | Value {
  const [first] = instances;
  if (first?.suffix === "") return first.reference;
  const isList = instances.every(({ key }) => typeof key === "number");
  return {
    attribute(name) {
      const found = instances.find(({ key }) => String(key) === name);
      if (found === undefined) throw new PulseQueueError("DEPLOYMENT_INVALID", `HCL: there is no instance ${name}`);
      return found.reference;
    },
    // Each instance with whatever its resource or module tells of itself.
    value: () =>
      isList
        ? instances.map(({ reference }) => reference.value())
        : Object.fromEntries(instances.map(({ key, reference }) => [String(key), reference.value()])),
  };
}

/** Each attribute and block, evaluated when it is asked for: two things may tell of each other. */
function attributesOf(block: Value | undefined, scope: Scope): (name: string) => Value | undefined {
  const fields = fieldsOf(block ?? {});
  return remembered((name) => {
    const value = fields[name];
    if (value !== undefined) return blockOf(value, scope);
    const dynamic = at(fields, "dynamic", name);
    return dynamic === undefined ? undefined : dynamicBlocks(name, dynamic, scope);
  });
}

/** Names of what a block holds; a `dynamic` block is as many blocks as it makes. */
function namesOf(block: Value | undefined): readonly string[] {
  const fields = fieldsOf(block ?? {});
  return [...Object.keys(fields).filter((name) => name !== "dynamic"), ...Object.keys(fields["dynamic"] ?? {})];
}

function allOf(block: Value, scope: Scope): Fields {
  const attribute = attributesOf(block, scope);
  return Object.fromEntries(namesOf(block).map((name) => [name, attribute(name) ?? null]));
}

function blockOf(value: Value, scope: Scope): Value {
  const isBlocks = Array.isArray(value) && value.length > 0 && (value as readonly Value[]).every(isFields);
  return isBlocks ? (value as readonly Value[]).map((each) => allOf(each, scope)) : deep(value, scope);
}

function dynamicBlocks(name: string, blocks: Value, scope: Scope): Value {
  return instancesFor(deep(at(blocks, 0, "for_each") ?? null, scope)).map(([key, value]) =>
    allOf(at(blocks, 0, "content", 0) ?? {}, withName(scope, name, { key, value })),
  );
}

function deep(value: Value, scope: Scope): Value {
  if (typeof value === "string") return evaluateText(value, scope);
  if (Array.isArray(value)) return (value as readonly Value[]).map((each) => deep(each, scope));
  return isFields(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [textOf(evaluateText(name, scope)), deep(each, scope)])) : value;
}

function withName(scope: Scope, name: string, value: Value): Scope {
  return { ...scope, variable: (asked) => (asked === name ? value : scope.variable(asked)) };
}

/** Something of which only the parts have a value. */
function onlyParts(attribute: (name: string) => Reference | Value): Reference {
  return {
    attribute,
    value() {
      throw new PulseQueueError("DEPLOYMENT_INVALID", "HCL: this cannot be used as a whole");
    },
  };
}

function unknownOf(address: string, known: Fields): Reference {
  return { attribute: (name) => known[name] ?? `«${address}.${name}»`, value: () => `«${address}»` };
}

function listed(value: Value | undefined): readonly Value[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly Value[]) : [value];
}

function remembered<Args extends readonly string[], Result>(make: (...args: Args) => Result): (...args: Args) => Result {
  const made = new Map<string, { readonly result: Result }>();
  return (...args) => {
    const key = args.join(" ");
    const found = made.get(key) ?? { result: make(...args) };
    made.set(key, found);
    return found.result;
  };
}
