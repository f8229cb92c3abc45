/** The resources of `terraform show -json` of a saved plan. */
import { PulseQueueError } from "../../core/errors.ts";
import { isFields, type Value } from "./hcl/functions.ts";
import { at, type Fields, type Infra, type Resource } from "./resource.ts";

/** Throws `DEPLOYMENT_INVALID` for what is no plan. */
export function planInfra(name: string, plan: unknown): Infra {
  const root = plan as Value;
  const planned = at(root, "planned_values", "root_module");
  if (planned === undefined) throw new PulseQueueError("DEPLOYMENT_INVALID", "This is no plan: write it with `terraform show -json <plan file>`");
  const changes = new Map<string, Value>();
  for (const change of items(at(root, "resource_changes"))) changes.set(text(at(change, "address")), change);
  const configuration = at(root, "configuration", "root_module");
  const resources = [...modulesOf(planned)].flatMap((module) => items(at(module, "resources"))).filter((resource) => at(resource, "mode") === "managed");
  return {
    source: "plan",
    name,
    backend: undefined,
    provider: undefined,
    resources: resources.map((resource): Resource => {
      const address = text(at(resource, "address"));
      const unknown = at(changes.get(address), "change", "after_unknown");
      const written = expressionsOf(configuration, address);
      return { address, type: text(at(resource, "type")), values: filled(at(resource, "values"), unknown, written) as Fields };
    }),
  };
}

function* modulesOf(module: Value): Generator<Value> {
  yield module;
  for (const child of items(at(module, "child_modules"))) yield* modulesOf(child);
}

/** What the files say of a resource; its address with the keys of its instances left out leads there. */
function expressionsOf(configuration: Value | undefined, address: string): Value | undefined {
  const plain = address.replaceAll(/\[(?:\d+|"[^"]*")\]/g, "").split(".");
  let module = configuration;
  while (plain[0] === "module") {
    module = at(module, "module_calls", plain[1] ?? "", "module");
    plain.splice(0, 2);
  }
  return at(
    items(at(module, "resources")).find((resource) => at(resource, "address") === plain.join(".")),
    "expressions",
  );
}

/**
 * Values with a text between « and » for each that is written in the files and known only after an apply. What nobody wrote and AWS
 * chooses stays away: a store without a key of ours must not look as if it had one.
 */
function filled(value: Value | undefined, unknown: Value | undefined, written: Value | undefined): Value {
  if (unknown === true) return written === undefined ? null : `«${items(at(written, "references")).map(text).join(" ")}»`;
  if (Array.isArray(value) || Array.isArray(unknown)) {
    const length = Math.max(items(value).length, items(unknown).length);
    // Every instance of a `dynamic` block is written once.
    const writtenAt = (index: number): Value | undefined => (Array.isArray(written) ? (at(written, index) ?? at(written, 0)) : written);
    return Array.from({ length }, (_, index) => filled(at(value, index), at(unknown, index), writtenAt(index)));
  }
  if (isFields(value) || isFields(unknown)) {
    const names = [...new Set([...Object.keys(value ?? {}), ...Object.keys(unknown ?? {})])];
    // An attribute that is one expression has its references at the top; those of a block are in its fields.
    const writtenOf = (name: string): Value | undefined => (at(written, "references") === undefined ? at(written, name) : written);
    return Object.fromEntries(names.map((name) => [name, filled(at(value, name), at(unknown, name), writtenOf(name))]));
  }
  return value ?? null;
}

function items(value: Value | undefined): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : [];
}

function text(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}
