/** Where the files and a plan of them say different things: both readings are right, or one of them reads wrongly. */
import type { Fields, Infra } from "../../src/audit/infra/index.ts";

type Value = Fields[string];

/** Paths differ by where the copy lies; what a bundle holds is not in the files. */
const apart = new Set(["filename", "source_code_hash"]);

export function differences(files: Infra, plan: Infra): readonly string[] {
  const planned = new Map(plan.resources.map((resource) => [resource.address, resource.values]));
  const missing = plan.resources
    .filter(({ address }) => !files.resources.some((resource) => resource.address === address))
    .map(({ address }) => `${address}: only in the plan`);
  return [
    ...missing,
    ...files.resources.flatMap(({ address, values }) => {
      const others = planned.get(address);
      if (others === undefined) return [`${address}: only in the files`];
      return Object.entries(values)
        .filter(([name, value]) => !apart.has(name) && !agrees(value, others[name]))
        .map(([name, value]) => `${address} ${name}: ${JSON.stringify(value)} in the files, ${JSON.stringify(others[name])} in the plan`);
    }),
  ];
}

/** What one of the two does not know agrees with everything; a plan fills in what files leave out. */
function agrees(file: Value | undefined, plan: Value | undefined): boolean {
  if (isOpen(file) || isOpen(plan)) return true;
  if (isNothing(file)) return true;
  if (Array.isArray(file)) {
    const others = (Array.isArray(plan) ? plan : []) as readonly Value[];
    const items = file as readonly Value[];
    return items.length === others.length && items.every((item) => others.some((other) => agrees(item, other)));
  }
  if (typeof file === "object" && file !== null) {
    return typeof plan === "object" && plan !== null && Object.entries(file).every(([name, value]) => agrees(value, (plan as Fields)[name]));
  }
  const [left, right] = [parsed(file), parsed(plan)];
  if (isNothing(right)) return file === false || file === 0 || file === "";
  return typeof left === "object" && typeof right === "object" ? agrees(left, right) : JSON.stringify(left) === JSON.stringify(right);
}

function isOpen(value: Value | undefined): boolean {
  return typeof value === "string" && value.includes("«") && parsed(value) === value;
}

function isNothing(value: Value | undefined): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/** A document in a text is compared as what it says. */
function parsed(value: Value | undefined): Value | undefined {
  if (typeof value !== "string" || !/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as Value;
  } catch {
    return value;
  }
}
