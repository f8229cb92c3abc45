/** Types, validation, errors and dependencies. */
import { lockfileFindings, runtimePackages } from "../delivery/lockfile.ts";
import { each, found, one, ran, type Check, type Part } from "../check.ts";
import { at, infraPart } from "../plan.ts";
import { entriesOf, jsonOf, lineOf, member, pathsOf, textOf, type Project } from "../project.ts";

/** Rules without which a claim about the code is only a claim. */
const typeRules = [
  "@typescript-eslint/no-explicit-any",
  "@typescript-eslint/no-unsafe-argument",
  "@typescript-eslint/no-unsafe-assignment",
  "@typescript-eslint/no-unsafe-call",
  "@typescript-eslint/no-unsafe-member-access",
  "@typescript-eslint/no-unsafe-return",
  "@typescript-eslint/no-non-null-assertion",
  "@typescript-eslint/ban-ts-comment",
];
export function rulesPart(project: Project, claim: string, rules: readonly string[]): Part {
  const tool = project.tools.get("eslint");
  const config = parsed(tool?.output);
  const severity = (rule: string): number => Number([at(config, "rules", rule)].flat()[0] ?? 0);
  return each(
    "CODE",
    claim,
    config === undefined ? [] : rules,
    (rule) => (severity(rule) === 2 ? undefined : "it is no error"),
    (rule) => ({ file: "eslint.config.js", address: rule, value: String(severity(rule)), command: tool?.command ?? "", exitCode: tool?.exitCode ?? 1 }),
  );
}

export function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

export function flagsPart(project: Project, claim: string, flags: readonly string[]): Part {
  const tool = project.tools.get("tsconfig");
  const options = member(parsed(tool?.output), "compilerOptions");
  return each(
    "CODE",
    claim,
    options === undefined ? [] : flags,
    (flag) => (member(options, flag) === true ? undefined : "it is off"),
    (flag) => ({ file: "tsconfig.json", address: flag, value: String(member(options, flag)), command: tool?.command ?? "", exitCode: tool?.exitCode ?? 1 }),
  );
}

const sources = /^src\/.*(?<!\.test)\.ts$/;
/** A check that is switched off, with the reason that has to stand beside it. */
const switchedOff = /(?:\/\/|\/\*) *(?:@ts-(?:ignore|nocheck)|eslint-disable(?!(?:-next)?-line [^\n]* -- \S))/;

const noAny: Check = {
  id: "T1",
  title: "the linter refuses any, unsafe values, ! and switched-off checks; wrong payloads do not compile, which tests hold",
  owasp: ["A06"],
  run: (project) => [
    rulesPart(project, "no any, and nothing that hides one, gets past the linter", typeRules),
    flagsPart(project, "the compiler knows that an index may be missing and that absent is not undefined", [
      "strict",
      "noUncheckedIndexedAccess",
      "exactOptionalPropertyTypes",
    ]),
    each(
      "CODE",
      "no source switches a check off without its reason",
      pathsOf(project, sources),
      (path) => (switchedOff.test(textOf(project, path)) ? "a check is switched off without a reason" : undefined),
      (path) => ({ file: path, line: lineOf(textOf(project, path), switchedOff) ?? 1, value: "read" }),
    ),
    each(
      "CODE",
      "tests of types hold what must not compile",
      pathsOf(project, /\.test-d\.ts$/),
      (path) => (textOf(project, path).includes("@ts-expect-error") ? undefined : "nothing in it must not compile"),
      (path) => ({ file: path, value: `${String(textOf(project, path).split("@ts-expect-error").length - 1)} lines that must not compile` }),
    ),
  ],
};

const validation: Check = {
  id: "T2",
  title:
    "every event and endpoint has a schema; nothing that it refuses is accepted, over random and hostile bodies and a million values made from the schemas, judged by their JSON Schemas too",
  owasp: ["A05", "API3", "API4", "API8"],
  run: (project) => {
    const { events, endpoints } = project.app.topology;
    return [
      each(
        "CODE",
        "every event's schema refuses what it does not know",
        [...events.values()].filter(({ name }) => !name.startsWith("pulsequeue.")),
        ({ schema }) => {
          const nothing = schema["~standard"].validate({ "an unknown field": 1 });
          const number = schema["~standard"].validate(Number.NaN);
          return [nothing, number].every((result) => !(result instanceof Promise) && result.issues !== undefined) ? undefined : "it accepts anything";
        },
        ({ name }) => ({ address: `event ${name}`, value: "an unknown field and NaN are refused" }),
      ),
      each(
        "CODE",
        "every endpoint that takes a body has a schema for it, or takes the signed body as it came",
        [...endpoints.values()].filter(({ method }) => method !== "GET" && method !== "DELETE"),
        ({ input, auth, path }) => (input !== undefined || auth === "webhook" || path.includes(":") ? undefined : "its body is not validated"),
        ({ name, input }) => ({ address: `endpoint ${name}`, value: input === undefined ? "no body, or a signed one" : "a schema" }),
      ),
      ran(project, "payloads"),
      ran(project, "generated-payloads"),
      ran(project, "consumed-payloads"),
    ];
  },
};

const errors: Check = {
  id: "T3",
  title: "errors have codes and ways out and tell nothing of the inside; a bad event is a dead letter, never a success",
  owasp: ["A10", "API8"],
  run: (project) => [
    ran(project, "errors"),
    infraPart(project, "dead-letters"),
    one(
      "DOC",
      "every error a caller can meet is documented",
      [/\| `UNAUTHENTICATED`|UNAUTHENTICATED/.test(textOf(project, "docs/errors.md")) ? undefined : "UNAUTHENTICATED is not in it"],
      {
        file: "docs/errors.md",
        value: "the catalogue",
      },
    ),
  ],
};

/** Packages that an installation brings, at most: each runs in the user's process. */
const runtimeBudget = 91;

const dependencies: Check = {
  id: "T4",
  title:
    "one lockfile with the hash of every package, from the registry alone; scanned at each change; few packages at run time; a bill of materials at each release",
  owasp: ["A03"],
  run: (project) => {
    const lock = jsonOf(project, "package-lock.json");
    const packages = runtimePackages(lock);
    return [
      found(
        "CODE",
        "each package comes from the registry, with its sha512, and no install script runs unasked",
        entriesOf(member(lock, "packages")).length,
        lockfileFindings(lock, jsonOf(project, "package.json")),
        {
          file: "package-lock.json",
          value: `${String(entriesOf(member(lock, "packages")).length)} packages`,
        },
      ),
      one(
        "CODE",
        `an installation brings ${String(runtimeBudget)} packages at most`,
        [packages.size === 0 ? "none is found" : packages.size > runtimeBudget ? `it brings ${String(packages.size)}` : undefined],
        {
          file: "package-lock.json",
          value: `${String(packages.size)} packages at run time`,
        },
      ),
      each(
        "CI",
        "workflows install from the lockfile, ask npm for known weaknesses and signatures, and write a bill of materials",
        ["npm ci", "npm audit --audit-level", "npm audit signatures", "sbom"],
        (text) => (workflowWith(project, text) === undefined ? "no workflow does it" : undefined),
        (text) => {
          const path = workflowWith(project, text);
          return path === undefined
            ? { file: ".github/workflows", address: text, value: "missing" }
            : { file: path, line: lineOf(textOf(project, path), text) ?? 1, value: text };
        },
      ),
    ];
  },
};

export function workflowWith(project: Project, text: string | RegExp): string | undefined {
  return pathsOf(project, /^\.github\/workflows\/[^/]+\.ya?ml$/).find((path) => lineOf(textOf(project, path), text) !== undefined);
}

export const codeChecks: readonly Check[] = [noAny, validation, errors, dependencies];
