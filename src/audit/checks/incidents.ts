/** What happens when something happened, and who is told. */
import { each, found, one, ran, unseen, type Check, type Part } from "../check.ts";
import { ownerFindings, securityTxtFindings } from "../delivery/documents.ts";
import { eachPlanned, at } from "../plan.ts";
import { jsonOf, lineOf, member, pathsOf, textOf, type Project } from "../project.ts";
import { detection } from "./detection.ts";
import { commandsPart } from "./monitoring.ts";

const step = "docs/guides/incidents.md";
const incidents = "docs/security/incidents";

const assessment: Check = {
  id: "R2",
  title: "a command tells what an incident reached; of a planted one it finds all and nothing besides",
  owasp: ["A09"],
  run: (project) => [
    one("DOC", "the command is there", [project.commands.includes("incident scope") ? undefined : "there is no command incident scope"], {
      address: "pulsequeue incident scope",
      value: "a command",
    }),
    ran(project, "incident-scope"),
  ],
};

const containment: Check = {
  id: "R3",
  title: "a handler is paused and a key refused within a second, and nothing is lost meanwhile",
  run: (project) => [
    one("DOC", "the command is there", [project.commands.includes("incident contain") ? undefined : "there is no command incident contain"], {
      address: "pulsequeue incident contain",
      value: "a command",
    }),
    ran(project, "containment"),
  ],
};

const eradication: Check = {
  id: "R4",
  title: "poisoned events are discarded with a recorded reason, keys rotated; the chain still holds and the old key is never taken again",
  owasp: ["A08"],
  run: (project) => [ran(project, "eradication"), commandsPart(project, /^docs\/guides\/incidents\.md$/, "commands of the procedure exist")],
};

const recovery: Check = {
  id: "R5",
  title: "after a restore, dead letters are sent again and have their effects once",
  run: (project) => [ran(project, "recovery"), ran(project, "restore")],
};

const noIncident = "There was no incident so far.";

/** Each incident names a check and a planted fault that this check is shown to find; where there was none, the form says so. */
function incidentsPart(project: Project): Part {
  const paths = pathsOf(project, /^docs\/security\/incidents\/(?!README).*\.md$/);
  const isDeclared = textOf(project, `${incidents}/README.md`).includes(noIncident);
  const known = jsonOf(project, "docs/security/mutants.json");
  const claim = "each incident names the check that would find it again, and a planted fault that this check is shown to find";
  return each(
    "DOC",
    claim,
    paths,
    (path) => {
      const text = textOf(project, path);
      const id = /^Check: `?(?<id>[A-Z]{1,2}\d{0,2}|0)`?$/m.exec(text)?.groups?.["id"];
      const mutant = /^Mutant: (?<name>\S.*)$/m.exec(text)?.groups?.["name"];
      if (isDeclared) return `${incidents}/README.md says: ${noIncident}`;
      if (id === undefined) return "it names no check";
      if (!project.statements.some((statement) => statement.id === id)) return `there is no check ${id}`;
      if (mutant === undefined) return "it names no planted fault";
      const list = member(known, id);
      return Array.isArray(list) && list.includes(mutant) ? undefined : `check ${id} is not shown to find: ${mutant}`;
    },
    (path) => ({ file: path, value: "names a check and a planted fault" }),
    isDeclared ? "no incident was written down so far, as the form says" : undefined,
  );
}

const lessons: Check = {
  id: "R6",
  title: "each incident that is written down names the check that would find it again, and a planted fault that this check is shown to find",
  run: (project) => [
    one(
      "DOC",
      "the procedure ends with what was learned, over a timeline from the ledger",
      [/^## 6\. Lessons learned\n[\s\S]*incident timeline/m.test(textOf(project, step)) ? undefined : "it does not"],
      {
        file: step,
        line: lineOf(textOf(project, step), "## 6. Lessons learned") ?? 1,
        value: "pulsequeue incident timeline",
      },
    ),
    one("DOC", "it is said how an incident is written down", [/^Check: /m.test(textOf(project, `${incidents}/README.md`)) ? undefined : "nobody says how"], {
      file: `${incidents}/README.md`,
      value: "its form",
    }),
    one("DOC", "a command tells the timeline", [project.commands.includes("incident timeline") ? undefined : "there is no command incident timeline"], {
      address: "pulsequeue incident timeline",
      value: "a command",
    }),
    incidentsPart(project),
  ],
};

/** What stands where somebody meant to write something. */
const placeholder = /\[(?:add|insert|your|todo|tbd)\b[^\]]*\]|\bexample@example\b|\bTBD\b/i;

const team: Check = {
  id: "CT1",
  title: "SECURITY.md and security.txt say whom to tell; no placeholder, and not expired",
  run: (project) => [
    found(
      "DOC",
      "security.txt has a contact and a policy and has not expired",
      1,
      securityTxtFindings(textOf(project, ".well-known/security.txt"), project.now),
      { file: ".well-known/security.txt", value: "RFC 9116" },
    ),
    each(
      "DOC",
      "no document for people holds a placeholder",
      pathsOf(project, /^(?:[A-Z]+\.md|docs\/(?!security\/(?:audit\.md|statements)).*\.md|\.well-known\/.*|\.github\/CODEOWNERS)$/),
      (path) => (placeholder.test(textOf(project, path)) ? "a placeholder is left" : undefined),
      (path) => ({ file: path, line: lineOf(textOf(project, path), placeholder) ?? 1, value: "read" }),
    ),
  ],
};

const operations: Check = {
  id: "CT2",
  title: "each environment, alarm and path has an owner, and alarms lead to them",
  run: (project) => [
    each(
      "DOC",
      "each environment says who answers for it and where its alarms go",
      project.stacks,
      ({ environment }) => [environment.owner.trim() === "" ? "it has no owner" : [], environment.alarmTopic === "" ? "its alarms go nowhere" : []].flat(),
      ({ folder, environment }) => ({ file: `${folder}/environment.json`, value: `${environment.owner}; ${environment.alarmTopic.split(":").at(-1) ?? ""}` }),
    ),
    eachPlanned(project, "each alarm leads to the environment's topic", ["aws_cloudwatch_metric_alarm"], ({ values, stack }) =>
      JSON.stringify(at(values, "alarm_actions")) === JSON.stringify([stack.environment.alarmTopic]) ? undefined : "it leads elsewhere",
    ),
    found(
      "DOC",
      "each path has an owner",
      1,
      ownerFindings(
        textOf(project, ".github/CODEOWNERS"),
        new Map([
          ["src/", 1],
          ["/infra/", 2],
        ]),
      ),
      { file: ".github/CODEOWNERS", value: "owners" },
    ),
  ],
};

const emergency: Check = {
  id: "CT3",
  title: "alarms lead to somebody on call; a page that was sent as a test was answered within 90 days",
  run: (project) => [
    one(
      "DOC",
      "the security document says who is reached in an emergency",
      [/\| Emergency \| \S/.test(textOf(project, "SECURITY.md")) ? undefined : "it does not say it"],
      {
        file: "SECURITY.md",
        line: lineOf(textOf(project, "SECURITY.md"), "| Emergency |") ?? 1,
        value: "on-call route",
      },
    ),
    each(
      "PLAN",
      "each alarm topic has somebody who listens",
      project.stacks,
      ({ account }) => (account.resources.some(({ type }) => type === "aws_sns_topic_subscription") ? undefined : "nobody listens"),
      ({ account }) => ({ file: "infra/account/main.tf", address: account.name, value: "a subscription" }),
    ),
    unseen("a test page was answered", "a person who sent one: attest it in audit.json"),
  ],
};

export const incidentChecks: readonly Check[] = [detection, assessment, containment, eradication, recovery, lessons, team, operations, emergency];
