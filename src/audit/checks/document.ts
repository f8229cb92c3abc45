/** The document itself: whether each line is checked, what it leans on, and whether somebody still reads it. */
import { each, found, one, unseen, type Check, type Part } from "../check.ts";
import { dateFindings } from "../delivery/documents.ts";
import { lineOf, textOf, type Project } from "../project.ts";
import { reviewedFor } from "../statements.ts";
import { reviewedLines } from "../reviewed.ts";

const baselines = "docs/security/baselines.md";

/** Every list of the OWASP that is answered, with the lines that answer it, or why none does. */
const owasp = [
  ...Array.from({ length: 10 }, (_, index) => `A${String(index + 1).padStart(2, "0")}`),
  ...Array.from({ length: 10 }, (_, index) => `API${String(index + 1)}`),
];
const justified: Readonly<Record<string, string>> = {
  API6: "what may be bought how often is the app's own rule: its tables' invariants hold in every commit",
  API7: "the engine calls no address that comes in a request or an event",
};

/** `checks`: all of them, this file's included; a function, since they are put together later. */
export function documentChecks(checks: () => readonly Check[]): readonly Check[] {
  return [
    ...(
      [
        ["L1", "AWS", "Well-Architected and the two benchmarks are named with the day on which each was read"],
        ["L2", "Terraform", "what Terraform says of state and secrets is named with the day on which it was read"],
        ["L3", "TypeScript", "the linter's strictest rules and Node's own advice are named with the day on which each was read"],
      ] as const
    ).map(([id, subject, title]) => ({
      id,
      title,
      run: (project: Project): readonly Part[] => [linksPart(project, subject), unseen("the linked pages are still there and say the same", "the network")],
    })),
    {
      id: "L4",
      title: "each entry of both OWASP lists is answered by a check, or says why not; both are mapped to the threats",
      run: (project) => [
        each(
          "DOC",
          "each entry is answered by a check that is run",
          owasp,
          (entry) => (checks().some((check) => check.owasp?.includes(entry) === true) || justified[entry] !== undefined ? undefined : "nothing answers it"),
          (entry) => {
            const ids = checks().filter((check) => check.owasp?.includes(entry) === true);
            return { address: entry, value: ids.length === 0 ? (justified[entry] ?? "nothing") : ids.map(({ id }) => id).join(", ") };
          },
        ),
        each(
          "DOC",
          "each entry is mapped to threats",
          owasp,
          (entry) => (textOf(project, baselines).includes(`| ${entry} `) ? undefined : "it is not in the mapping"),
          (entry) => ({ file: baselines, line: lineOf(textOf(project, baselines), `| ${entry} `) ?? 1, value: entry }),
        ),
      ],
    },
    {
      id: "NB",
      title: "each line was read within half a year by somebody who is named; an edited one needs its check read again",
      run: (project) => [
        each(
          "DOC",
          "each line has an owner and was read in time",
          project.statements,
          ({ owner, reviewed, id }) => [
            ...(owner.trim() === "" ? ["nobody answers for it"] : []),
            ...(project.now - Date.parse(reviewed) > reviewedFor ? [`nobody has read it since ${reviewed}`] : []),
            ...(Date.parse(reviewed) > project.now ? [`it was read on ${reviewed}, which is to come`] : []),
            ...(reviewedLines[id] === undefined ? ["its text is not recorded"] : []),
          ],
          ({ id, owner, reviewed }) => ({ file: "docs/security/statements.json", address: id, value: `${owner}, ${reviewed}` }),
        ),
        found("DOC", "the security document was read in time", 1, dateFindings("SECURITY.md", textOf(project, "SECURITY.md"), project.now, 180), {
          file: "SECURITY.md",
          value: "reviewed",
        }),
      ],
    },
    {
      id: "0",
      title: "every line has a check that looked at something, and every check has a line: nothing rests on prose",
      run: (project, done) => [
        each(
          "DOC",
          "each line has a check",
          project.statements,
          ({ id }) => (checks().some((check) => check.id === id) ? undefined : "no check stands behind it"),
          ({ id, text }) => ({
            file: "docs/security/statements.json",
            line: lineOf(textOf(project, "docs/security/statements.json"), JSON.stringify(text)) ?? 1,
            address: id,
            value: text.slice(0, 60),
          }),
        ),
        each(
          "DOC",
          "each check has a line, and saw something",
          checks().filter(({ id }) => id !== "0"),
          ({ id }) => {
            const parts = done.get(id) ?? [];
            if (!project.statements.some((statement) => statement.id === id)) return "no line has it";
            return parts.length > 0 && parts.every(({ evidence, status }) => evidence.length > 0 || status === "fail") ? undefined : "it saw nothing";
          },
          ({ id }) => ({ address: `check ${id}`, value: `${String(done.get(id)?.length ?? 0)} parts` }),
        ),
      ],
    },
  ];
}

function linksPart(project: Project, subject: string): Part {
  const lines = textOf(project, baselines)
    .split("\n")
    .filter((line) => line.startsWith(`| ${subject}`));
  if (lines.length === 0) return one("DOC", `baselines for ${subject} are named`, ["none is"], { file: baselines, value: "none" });
  return each(
    "DOC",
    `baselines for ${subject} are https addresses, each with the day on which it was read, at most half a year ago`,
    lines,
    (line) => [
      ...(/\]\(https:\/\/[^)]+\)/.test(line) ? [] : ["it has no address"]),
      ...dateFindings(baselines, line, project.now, 180).map(({ problem }) => problem),
    ],
    (line) => ({ file: baselines, line: lineOf(textOf(project, baselines), line) ?? 1, value: line.slice(line.indexOf("[") + 1, line.indexOf("]")) }),
  );
}
