/** The functions of Terraform that `infra/` uses, each as far as it uses them. A function that is not here is an error, never a guess. */
import { PulseQueueError } from "../../../core/errors.ts";

export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };
type Fields = Readonly<Record<string, Value>>;

/** Reads what a module's own files hold; paths are as the module gives them. */
export interface FileSystem {
  read(path: string): string;
  /** Names of the files in a folder. */
  list(folder: string): readonly string[];
}

export function isFields(value: Value | undefined): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function listOf(value: Value | undefined): readonly Value[] {
  if (Array.isArray(value)) return value as readonly Value[];
  throw new PulseQueueError("DEPLOYMENT_INVALID", "A list was expected in an HCL expression");
}

export function fieldsOf(value: Value | undefined): Fields {
  if (isFields(value)) return value;
  throw new PulseQueueError("DEPLOYMENT_INVALID", "A map was expected in an HCL expression");
}

export function textOf(value: Value | undefined): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
  throw new PulseQueueError("DEPLOYMENT_INVALID", "A text was expected in an HCL expression");
}

/** Entries in the order of their names, as Terraform walks a map. */
export function entriesOf(value: Value | undefined): readonly (readonly [name: string, value: Value])[] {
  return Object.entries(fieldsOf(value)).sort(([left], [right]) => (left < right ? -1 : 1));
}

export function equal(left: Value | undefined, right: Value | undefined): boolean {
  return json(left ?? null) === json(right ?? null);
}

/** As Terraform's jsonencode: names in order. */
export function json(value: Value): string {
  const sorted = (each: Value): Value => {
    if (Array.isArray(each)) return (each as readonly Value[]).map(sorted);
    return isFields(each) ? Object.fromEntries(entriesOf(each).map(([name, inner]) => [name, sorted(inner)])) : each;
  };
  return JSON.stringify(sorted(value));
}

function unique(values: readonly Value[]): readonly Value[] {
  return [...new Map(values.map((value) => [json(value), value])).values()];
}

function flat(value: Value): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]).flatMap(flat) : [value];
}

/** Terraform's `replace`: text, or a pattern between slashes. */
function replace(text: string, wanted: string, by: string): string {
  const pattern = /^\/(.*)\/$/s.exec(wanted)?.[1];
  // eslint-disable-next-line security/detect-non-literal-regexp -- because the pattern stands in the project's own Terraform files
  return pattern === undefined ? text.replaceAll(wanted, by) : text.replaceAll(new RegExp(pattern, "g"), by.replaceAll(/\$\{(\w+)\}/g, "$$$1"));
}

const ordered = (values: readonly Value[]): readonly Value[] => [...values].sort((left, right) => (textOf(left) < textOf(right) ? -1 : 1));
const same = (value: Value | undefined): Value => value ?? null;

export function functionsOf(files: FileSystem): Readonly<Record<string, (...args: readonly Value[]) => Value>> {
  return {
    cidrsubnet: (...args) => `«cidrsubnet ${args.map((each) => textOf(each)).join(" ")}»`,
    coalesce: (...args) => args.find((each) => each !== null && each !== "") ?? null,
    concat: (...args) => args.flatMap((each) => listOf(each)),
    contains: (list, value) => listOf(list).some((each) => equal(each, value)),
    distinct: (list) => unique(listOf(list)),
    endswith: (text, end) => textOf(text).endsWith(textOf(end)),
    file: (path) => files.read(textOf(path)),
    filebase64sha256: (path) => `«filebase64sha256 ${textOf(path)}»`,
    fileset: (folder, pattern) => {
      const ending = textOf(pattern).replace(/^\*/, "");
      return [...files.list(textOf(folder))].filter((name) => name.endsWith(ending)).sort();
    },
    flatten: (list) => flat(same(list)),
    jsondecode: (text) => JSON.parse(textOf(text)) as Value,
    jsonencode: (value) => json(same(value)),
    keys: (map) => entriesOf(map).map(([name]) => name),
    length: (value) => (typeof value === "string" ? value.length : isFields(value) ? Object.keys(value).length : listOf(value).length),
    lookup: (map, name, otherwise) => fieldsOf(map)[textOf(name)] ?? otherwise ?? null,
    merge: (...args) => Object.assign({}, ...args.filter((each) => each !== null).map(fieldsOf)) as Fields,
    one: (list) => listOf(list)[0] ?? null,
    replace: (text, wanted, by) => replace(textOf(text), textOf(wanted), textOf(by)),
    reverse: (list) => [...listOf(list)].reverse(),
    sort: (list) => ordered(listOf(list)),
    split: (by, text) => textOf(text).split(textOf(by)),
    startswith: (text, start) => textOf(text).startsWith(textOf(start)),
    strcontains: (text, part) => textOf(text).includes(textOf(part)),
    substr: (text, start, length) => textOf(text).slice(Number(start), Number(start) + Number(length)),
    tomap: same,
    toset: (list) => ordered(unique(listOf(list))),
    trimprefix: (text, start) => (textOf(text).startsWith(textOf(start)) ? textOf(text).slice(textOf(start).length) : textOf(text)),
    trimsuffix: (text, end) => (textOf(text).endsWith(textOf(end)) ? textOf(text).slice(0, -textOf(end).length) : textOf(text)),
    values: (map) => entriesOf(map).map(([, value]) => value),
  };
}
