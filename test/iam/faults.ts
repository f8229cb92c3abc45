/** Faults that are planted in a copy of the evaluator, one at a time, as exact replacements of its text: each must be found. */
import type { Replacement } from "../crash/build.ts";

export interface Fault {
  readonly name: string;
  readonly replacements: readonly Replacement[];
}

const inFile = (file: string, find: string, replace: string): readonly Replacement[] => [{ file: `src/audit/iam/${file}`, find, replace }];

export const faults: readonly Fault[] = [
  {
    name: "actions know case",
    replacements: inFile("evaluate.ts", "fits(globOf(pattern.toLowerCase()), request.action.name.toLowerCase())", "fits(globOf(pattern), request.action.name)"),
  },
  { name: "NotResource is read as Resource", replacements: inFile("evaluate.ts", "return covered !== resources.not;", "return covered;") },
  { name: "NotAction is read as Action", replacements: inFile("evaluate.ts", ") === actions.not) return false", ") === false) return false") },
  { name: "IfExists is taken for a key that must be there", replacements: inFile("conditions.ts", "return ifExists || (", "return (") },
  { name: "ForAllValues is false where the key is missing", replacements: inFile("conditions.ts", 'negated : set === "all")', "negated : false)") },
  {
    name: "ForAnyValue asks for all values",
    replacements: inFile("conditions.ts", 'return set === "any" ? given.some(fulfils) : given.every(fulfils);', "return given.every(fulfils);"),
  },
  {
    name: "a negated operator is false where the key is missing",
    replacements: inFile("conditions.ts", "set === undefined ? negated :", "set === undefined ? false :"),
  },
  {
    name: "a negated operator with several values holds where one differs",
    replacements: inFile(
      "conditions.ts",
      "values.some((wanted) => compare(condition, wanted, value, lookup)) !== negated",
      "values.some((wanted) => compare(condition, wanted, value, lookup) !== negated)",
    ),
  },
  { name: "an identity policy alone grants a key", replacements: inFile("evaluate.ts", '(action.name.startsWith("kms:") && action.needsResource) || ', "") },
  { name: "an identity policy alone lets a role be assumed", replacements: inFile("evaluate.ts", ' || action.name.startsWith("sts:AssumeRole")', "") },
  { name: "a Deny in the boundary is not read", replacements: inFile("evaluate.ts", "...identity, ...listed(boundary),", "...identity,") },
  { name: "a Deny in a service control policy is not read", replacements: inFile("evaluate.ts", "...listed(session), ...scps.flat()]", "...listed(session)]") },
  { name: "across accounts the identity's side is enough", replacements: inFile("evaluate.ts", "return all([own, theirs]);\n", "return own;\n") },
  { name: "across accounts the resource's side is enough", replacements: inFile("evaluate.ts", "return all([own, theirs]);\n", "return theirs;\n") },
  {
    name: "one level of control policies is enough",
    replacements: inFile("evaluate.ts", "...controls(checked, policies), grant", "...controls(checked, policies).slice(0, 1), grant"),
  },
  {
    name: "the boundary does not bound what a resource gives to a role",
    replacements: inFile("evaluate.ts", "return all([theirs, ...bounds]);", "return theirs;"),
  },
  {
    name: "a resource policy that names the account grants alone",
    replacements: inFile("evaluate.ts", 'return naming === "account" ? all([own, theirs]) : theirs;', "return theirs;"),
  },
  { name: "a value that holds a * is read as a pattern", replacements: inFile("pattern.ts", "literal(value);", "pieces.push(...globOf(value));") },
  {
    name: "a Deny whose variable has no value still applies",
    replacements: inFile("evaluate.ts", "return isResolved(statement, request) && coversResource", "return coversResource"),
  },
  {
    name: "a * of ArnLike passes the colons of the parts",
    replacements: inFile("conditions.ts", "return arnFits(pieces, value);", "return fits(pieces, value);"),
  },
  { name: "NotPrincipal spares a session by any of its names", replacements: inFile("principals.ts", "needed.every(", "needed.some(") },
  {
    name: "service control policies reach services",
    replacements: inFile("evaluate.ts", '...(hasIdentity(request) ? levels("scp", scps) : [])', '...levels("scp", scps)'),
  },
  { name: "dates and numbers leave out their bound", replacements: inFile("conditions.ts", "return value <= wanted;", "return value < wanted;") },
  { name: "the bits of a range count from the wrong end", replacements: inFile("conditions.ts", "range.bits - range.prefix", "range.prefix") },
];
