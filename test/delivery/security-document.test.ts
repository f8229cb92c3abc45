import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ledgerActions } from "../../src/core/ledger.ts";
import { errorCatalogue } from "pulsequeue";
import { alarmKinds } from "../../src/synth/index.ts";
import { projectRoot } from "../support/tree.ts";

const read = (path: string): string => readFileSync(join(projectRoot, path), "utf8");
const document = read("SECURITY.md");

interface Threat {
  readonly number: number;
  /** Each title with the file that holds it. */
  readonly tests: readonly (readonly [path: string, title: string])[];
}

function threatsOf(text: string): readonly Threat[] {
  return [...text.matchAll(/^\| (?<number>\d+) \|(?:[^|]+\|){3}(?<shown>[^|]+)\|$/gm)].map(({ groups }) => {
    let path = "";
    const tests = [...(groups?.["shown"] ?? "").matchAll(/`(?<path>[^`]+)`|“(?<title>[^“”]+)”/g)].flatMap(({ groups: found }) => {
      if (found?.["path"] !== undefined) path = found["path"];
      return found?.["title"] === undefined ? [] : [[path, found["title"]] as const];
    });
    return { number: Number(groups?.["number"]), tests };
  });
}

const lost = (text: string): readonly string[] =>
  threatsOf(text).flatMap(({ number, tests }) =>
    tests
      .filter(([path, title]) => !existsSync(join(projectRoot, path)) || !read(path).includes(title))
      .map(([path, title]) => `${number}: ${path} “${title}”`),
  );

test("each of the twenty threats names a test, and the test is there", () => {
  const threats = threatsOf(document);
  expect(threats.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  expect(threats.filter(({ tests }) => tests.length === 0)).toEqual([]);
  expect(lost(document)).toEqual([]);
});

test("a test that is gone, or in another file, is noticed", () => {
  expect(lost("| 1 | S | a | b | `SECURITY.md`: “no such title”; `test/gone.test.ts`: “any” |")).toEqual([
    "1: SECURITY.md “no such title”",
    "1: test/gone.test.ts “any”",
  ]);
});

test("each entry of both OWASP lists stands for a threat that is there", () => {
  const baselines = read("docs/security/baselines.md");
  const entries = [...baselines.matchAll(/(?<id>API\d+|A\d\d) [^|]+\| (?<threats>[\d, ]+)/g)].map(
    ({ groups }) => [groups?.["id"], groups?.["threats"]] as const,
  );
  const wanted = Array.from({ length: 10 }, (_, index) => [`API${index + 1}`, `A${String(index + 1).padStart(2, "0")}`]).flat();
  expect(entries.map(([id]) => id).sort()).toEqual(wanted.sort());
  const numbers = entries.flatMap(([, threats]) => (threats ?? "").split(",").map(Number));
  expect(numbers.filter((number) => !(number >= 1 && number <= 20))).toEqual([]);
});

test("each threat has a signal that exists, or is listed as having none", () => {
  const guide = read("docs/guides/incidents.md");
  const rows = [...guide.matchAll(/^\| (?<signal>(?:metric|ledger|alarm|audit|the workflow|the engine)[^|]+) \| (?<threats>[\d, ]+) \|$/gm)];
  const metrics = read("src/observe/counters.ts") + read("src/observe/gauges.ts");
  const known = new Set<string>([...alarmKinds, ...ledgerActions, ...Object.keys(errorCatalogue), "security", "npm run check:delivery"]);
  const named = rows.flatMap(({ groups }) => [...(groups?.["signal"] ?? "").matchAll(/`(?<name>[^`]+)`/g)].map((match) => match.groups?.["name"] ?? ""));
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((name) => !known.has(name) && !(name.startsWith("pulsequeue_") && metrics.includes(name)))).toEqual([]);
  const none = /Nothing tells of (?<threats>[\d, and]+) by itself/.exec(guide)?.groups?.["threats"] ?? "";
  const told = [...rows.map(({ groups }) => groups?.["threats"] ?? ""), none].flatMap((list) => [...list.matchAll(/\d+/g)].map(([number]) => Number(number)));
  expect([...new Set(told)].sort((left, right) => left - right)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test("no document has a placeholder, and every alarm has who answers", () => {
  for (const path of ["SECURITY.md", "docs/guides/incidents.md", "docs/security/baselines.md", ".well-known/security.txt", ".github/CODEOWNERS"]) {
    expect(read(path), path).not.toMatch(/\[Add|<your|your-org|example\.(?:com|org)|TBD/i);
  }
  for (const environment of ["dev", "staging", "prod"]) {
    const { owner, alarmTopic } = JSON.parse(read(`infra/stacks/${environment}/environment.json`)) as Record<string, unknown>;
    expect([typeof owner, typeof alarmTopic]).toEqual(["string", "string"]);
  }
  expect(alarmKinds.length).toBeGreaterThan(0);
});
