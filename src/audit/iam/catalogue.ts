/**
 * The actions that PulseQueue's policies may name, as AWS's service reference describes them. The data is text, a line for each
 * group, columns apart by `|`:
 *
 *     key | prefix | type | condition keys
 *     service | prefix of the actions that follow | `rcp` where resource control policies reach it
 *     type | name | ARN | condition keys
 *     action | names | access levels | resource types, `!` where the action always needs one of it | condition keys
 *
 * `{…}` in an ARN stands for any text; `{name}` at the end of a key for a name of one's own, as in `aws:PrincipalTag/{name}`.
 */
import { catalogueText } from "./catalogue-data.ts";
import { fits, globOf, type Piece } from "./pattern.ts";

export interface ResourceType {
  readonly name: string;
  /** The ARN with `*` for what it leaves open. */
  readonly arn: string;
  readonly pieces: readonly Piece[];
  readonly keys: readonly string[];
}

export interface CataloguedAction {
  /** As AWS spells it: `events:PutEvents`. */
  readonly name: string;
  /** `Read`, `List`, `Write`, `Tagging`, `Permissions management`. */
  readonly access: readonly string[];
  /** Empty for an action that accepts `*` only. */
  readonly types: readonly ResourceType[];
  /** Every type that the catalogue has of its service: an index is not a table, though its ARN begins like one. */
  readonly serviceTypes: readonly ResourceType[];
  /** Whether resource control policies reach it. */
  readonly controlled: boolean;
  /** Whether it cannot be asked for without a resource. */
  readonly needsResource: boolean;
  /** Condition keys of its own and of its resource types, in lower case. Every `aws:` key that is known everywhere is legal besides. */
  readonly keys: ReadonlySet<string>;
}

export interface KeyType {
  readonly type: "String" | "ARN" | "Bool" | "Numeric" | "Date" | "IPAddress";
  readonly multiple: boolean;
}

const cells = (line: string): readonly string[] => line.split("|").map((cell) => cell.trim());
const words = (cell = ""): readonly string[] => (cell === "" ? [] : cell.split(", "));
const lines = catalogueText.split("\n").map(cells);

function readKeys(): ReadonlyMap<string, KeyType> {
  const keys = new Map<string, KeyType>();
  for (const [kind, , type = "", names] of lines) {
    if (kind !== "key") continue;
    const plain = keyTypes.find((known) => type === known || type === `ArrayOf${known}`);
    if (plain === undefined) throw new RangeError(`The catalogue has a key of type ${type}`);
    for (const name of words(names)) keys.set(name.toLowerCase(), { type: plain, multiple: type !== plain });
  }
  return keys;
}

const keyTypes = ["String", "ARN", "Bool", "Numeric", "Date", "IPAddress"] as const;
const keys = readKeys();
/** How keys end that hold a name of one's own. */
const open = "{name}";
const openKeys = [...keys.keys()].filter((name) => name.endsWith(open));

function resourceType(name: string, arn: string, keyNames: readonly string[]): ResourceType {
  return { name, arn, pieces: globOf(arn), keys: keyNames };
}

function readActions(): ReadonlyMap<string, CataloguedAction> {
  const actions = new Map<string, CataloguedAction>();
  let service = "";
  let controlled = false;
  let types = new Map<string, ResourceType>();
  for (const [kind, first = "", second = "", third, fourth] of lines) {
    if (kind === "service") [service, controlled, types] = [first, second === "rcp", new Map<string, ResourceType>()];
    else if (kind === "type") types.set(first, resourceType(first, second.replaceAll(/\{[^{}]+\}/g, "*"), words(third)));
    else if (kind === "action") {
      const serviceTypes = [...types.values()];
      const used = words(third).flatMap((name) => types.get(name.replace("!", "")) ?? []);
      const legal = [...words(fourth), ...used.flatMap((type) => type.keys)].map((key) => key.toLowerCase());
      for (const name of words(first)) {
        const needsResource = third?.includes("!") ?? false;
        const entry = { name: `${service}:${name}`, access: words(second), types: used, serviceTypes, controlled, needsResource, keys: new Set(legal) };
        actions.set(entry.name.toLowerCase(), entry);
      }
    }
  }
  return actions;
}

const actions = readActions();

/** Every action, in the order of the file. */
export const cataloguedActions: readonly CataloguedAction[] = [...actions.values()];

/** Whether some action fits. Actions know no case. */
export function isKnownAction(pattern: string): boolean {
  const pieces = globOf(pattern.toLowerCase());
  return [...actions.keys()].some((name) => fits(pieces, name));
}

export function findAction(name: string): CataloguedAction | undefined {
  return actions.get(name.toLowerCase());
}

/** The catalogue's name of a key: `aws:principaltag/{name}` for `aws:PrincipalTag/team`; `undefined` for a key that it does not know. */
function keyEntry(key: string): string | undefined {
  const lower = key.toLowerCase();
  if (keys.has(lower)) return lower.endsWith(open) ? undefined : lower;
  return openKeys.find((name) => lower.startsWith(name.slice(0, -open.length)) && lower.length > name.length - open.length);
}

export function keyType(key: string): KeyType | undefined {
  const entry = keyEntry(key);
  return entry === undefined ? undefined : keys.get(entry);
}

/** Keys of tags are sent by some actions only, though they begin with `aws:`. */
const tagKeys = ["aws:requesttag/{name}", "aws:resourcetag/{name}", "aws:tagkeys"];

/** Whether a request for the action can hold the key. */
export function supportsKey(action: CataloguedAction, key: string): boolean {
  const entry = keyEntry(key);
  if (entry === undefined) return false;
  return action.keys.has(entry) || (entry.startsWith("aws:") && !tagKeys.includes(entry));
}

/** The resource types of the action that an ARN has: of all types of its service that fit, the ones whose ARN says most. */
export function typesOf(action: CataloguedAction, arn: string): readonly ResourceType[] {
  const fitting = action.serviceTypes.filter((type) => fits(type.pieces, arn));
  const most = Math.max(...fitting.map((type) => fixedLength(type.arn)));
  return fitting.filter((type) => fixedLength(type.arn) === most && action.types.includes(type));
}

function fixedLength(glob: string): number {
  return glob.replaceAll("*", "").length;
}
