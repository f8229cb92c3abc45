/** The checklists: before a deployment, while it runs, in production. Most lines sum up others. */
import { each, one, ran, sum, unseen, type Check, type Part } from "../check.ts";
import { infraPart, eachPlanned, at, withoutNetwork } from "../plan.ts";
import { day, lineOf, textOf, type Project } from "../project.ts";
import { workflowWith } from "./code.ts";
import { stepOf } from "./quality.ts";
import { boundaryPart } from "./iam.ts";
import { commandsPart, live, runbookPart } from "./monitoring.ts";

/** A workflow that starts by the clock and runs everything. */
const scheduledRun = /^ {2}schedule:\n {4}- cron: [\s\S]*bash \.ci\/run/m;

const procedure = "docs/guides/incidents.md";

/** The line, from 1, of a step's heading; `undefined` where there is none. */
function headingOf(text: string, step: string): number | undefined {
  const index = text.split("\n").findIndex((line) => /^## \d\. /.test(line) && line.endsWith(`. ${step}`));
  return index < 0 ? undefined : index + 1;
}

/** How old the last audit may be. */
const auditedWithin = 7 * day;

/** The audits that were: chained, none changed or removed, the last one of this week. */
function reportsPart({ reports, now }: Project): Part {
  const claim = "the reports of the audits before are chained by hash, and the last one is at most 7 days old";
  if (reports === undefined || reports.last === null) {
    return { ...unseen(claim, "the folder in which scheduled runs keep their reports, outside of the repository: --report"), kind: "DOC" };
  }
  const { folder, count, last, problems } = reports;
  const age = now - Date.parse(last);
  const part = one("DOC", claim, [...problems, age >= 0 ? undefined : `the last one is of ${last}, which is to come`], {
    address: folder,
    value: `${String(count)} reports, the last of ${last.slice(0, 10)}`,
  });
  if (part.status === "fail" || age <= auditedWithin) return part;
  return { ...part, status: "stale", problems: [`the last audit is of ${last.slice(0, 10)}, ${String(Math.floor(age / day))} days ago: run it each week`] };
}

const before: readonly Check[] = [
  {
    id: "K1",
    title: "S1 to S4 hold",
    run: (_, done) => [sum("PLAN", "secrets are outside of code, settings and state", ["S1", "S2", "S3", "S4"], done)],
  },
  {
    id: "K2",
    title: "I1 to I5 hold; a role that was granted everything is still held by the boundary",
    run: (project, done) => [
      sum("IAM", "each role may do what is declared", ["I1", "I2", "I3", "I4", "I5"], done),
      infraPart(project, "boundaries"),
      infraPart(project, "no-wildcard"),
      ...boundaryPart(project),
    ],
  },
  {
    id: "K3",
    title: "D1 holds, and no kind of store is unknown to it",
    run: (project, done) => [sum("PLAN", "data at rest are encrypted", ["D1"], done), infraPart(project, "encryption")],
  },
  {
    id: "K4",
    title: "N2 holds, or there is no network",
    run: (_, done) => [sum("PLAN", "security groups are minimal", ["N2"], done)],
  },
  {
    id: "K5",
    title: "M1 to M4 hold; a planted failure shows",
    run: (project, done) => [sum("PLAN", "what runs is watched", ["M1", "M2", "M3", "M4"], done), ran(project, "alert")],
  },
  {
    id: "K6",
    title: "backups are made and restored as a test; one is restored here and now, with its times measured",
    run: (project) => [infraPart(project, "backups"), ran(project, "restore")],
  },
];

const running: readonly Check[] = [
  {
    id: "K7",
    title: "this audit runs at each change and on a schedule; its reports are chained, and the last one is at most a week old",
    run: (project) => [
      one("CI", "the audit is a step of .ci/run", [stepOf(project, "audit") === undefined ? "it is no step" : undefined], {
        file: ".ci/run",
        line: stepOf(project, "audit") ?? 1,
        value: "a step",
      }),
      each(
        "CI",
        "a workflow that runs it starts on a schedule too",
        ["bash .ci/run"],
        () => (workflowWith(project, scheduledRun) === undefined ? "no workflow does" : undefined),
        () => ({ file: workflowWith(project, scheduledRun) ?? ".github/workflows", value: "on a schedule" }),
      ),
      reportsPart(project),
    ],
  },
  {
    id: "K8",
    title: "T4 holds; every dependency is held against the advisories each day",
    owasp: ["A03"],
    run: (project, done) => [
      sum("CI", "dependencies are pinned and scanned", ["T4"], done),
      each(
        "CI",
        "the scan runs each day",
        [workflowWith(project, "npm audit --audit-level")].filter((path) => path !== undefined),
        (path) => (/^ {2}schedule:\n {4}- cron: "\d+ \d+ \* \* \*"/m.test(textOf(project, path)) ? undefined : "it does not run each day"),
        (path) => ({ file: path, line: lineOf(textOf(project, path), "cron:") ?? 1, value: "each day" }),
      ),
      unseen("no dependency has a known weakness today", "the advisories, which are on the network: `npm audit`"),
    ],
  },
  {
    id: "K9",
    title: "the API logs each request without its content; the embedded door has exactly one record for each, without token or payload",
    owasp: ["A09"],
    run: (project) => [infraPart(project, "access-log"), ran(project, "access-records")],
  },
  { id: "K10", title: "M4 holds", run: (_, done) => [sum("PLAN", "errors raise alarms", ["M4"], done)] },
  {
    id: "K11",
    title: "durations and the time from end to end are histograms that miss nothing under load; waiting and lag raise alarms",
    run: (project) => [
      ran(project, "load"),
      eachPlanned(
        project,
        "what waits too long raises an alarm",
        ["aws_cloudwatch_metric_alarm"],
        ({ values, stack }) => {
          const name = String(at(values, "alarm_name"));
          if (!name.startsWith(`${stack.deployment.prefix}-queue-age-`) && !name.startsWith(`${stack.deployment.prefix}-relay-lag-`)) return undefined;
          return Number(at(values, "threshold")) > 0 && at(values, "statistic") === "Maximum" ? undefined : "it does not tell of the oldest";
        },
        ["threshold"],
      ),
      infraPart(project, "visibility"),
    ],
  },
  {
    id: "K12",
    title: "each alarm has a runbook and each runbook an alarm; their commands exist",
    owasp: ["API9"],
    run: (project) => [
      runbookPart(project),
      commandsPart(project, /^docs\/runbooks\/[\w-]+\.md$/, "commands of the runbooks exist"),
      each(
        "DOC",
        "the six steps of an incident are written down",
        ["Detection", "Assessment", "Containment", "Eradication", "Recovery", "Lessons learned"],
        (step) => (headingOf(textOf(project, procedure), step) === undefined ? "the step is missing" : undefined),
        (step) => ({ file: procedure, line: headingOf(textOf(project, procedure), step) ?? 1, value: step }),
      ),
    ],
  },
];

const production: readonly Check[] = [
  {
    id: "K13",
    title: "A1 holds",
    run: (project, done) => [
      sum("PLAN", "a trail is made in every account", ["A1"], done),
      infraPart(project, "audit-trail"),
      live("the trail is on and delivers"),
    ],
  },
  {
    id: "K14",
    title: "flow logs of all traffic, encrypted, or no network",
    run: (project) => [
      eachPlanned(
        project,
        "all traffic of each network is logged",
        ["aws_flow_log"],
        ({ values }) => (at(values, "traffic_type") === "ALL" ? undefined : "it logs a part of the traffic"),
        ["traffic_type"],
        withoutNetwork(project),
      ),
      each(
        "PLAN",
        "no network is without a flow log",
        project.stacks,
        ({ infra }) => {
          const count = (type: string): number => infra.resources.filter((resource) => resource.type === type).length;
          return count("aws_vpc") <= count("aws_flow_log") ? undefined : "a network has no flow log";
        },
        ({ folder, infra }) => ({ file: `${folder}/main.tf`, value: `${String(infra.resources.filter(({ type }) => type === "aws_vpc").length)} networks` }),
      ),
    ],
  },
  {
    id: "K15",
    title: "GuardDuty with Lambda protection is made in every account; its findings lead to the alarm topic",
    run: (project) => [
      each(
        "PLAN",
        "a detector is on, watches functions, and tells somebody",
        project.stacks,
        ({ account: { resources } }) => {
          const has = (type: string, name: string, value: unknown): boolean =>
            resources.some((resource) => resource.type === type && at(resource.values, name) === value);
          return [
            ...(has("aws_guardduty_detector", "enable", true) ? [] : ["no detector is on"]),
            ...(has("aws_guardduty_detector_feature", "name", "LAMBDA_NETWORK_LOGS") ? [] : ["functions are not watched"]),
            ...(resources.some(({ type, address }) => type === "aws_cloudwatch_event_target" && address.includes("findings")) ? [] : ["findings go nowhere"]),
          ];
        },
        ({ account }) => ({ file: "infra/modules/audit-trail/main.tf", address: account.name, value: "a detector" }),
      ),
      live("the detector is on"),
    ],
  },
  {
    id: "K16",
    title: "AWS Config records every kind of resource, all the time, into a bucket that nobody can empty",
    run: (project) => [
      each(
        "PLAN",
        "a recorder is made, switched on, and records everything",
        project.stacks,
        ({ account: { resources } }) => {
          const recorder = resources.find(({ type }) => type === "aws_config_configuration_recorder");
          const status = resources.find(({ type }) => type === "aws_config_configuration_recorder_status");
          return [
            ...(at(recorder?.values, "recording_group", 0, "all_supported") === true ? [] : ["it does not record everything"]),
            ...(at(status?.values, "is_enabled") === true ? [] : ["it is not switched on"]),
            ...(resources.some(({ type }) => type === "aws_config_delivery_channel") ? [] : ["what it records goes nowhere"]),
          ];
        },
        ({ account }) => ({ file: "infra/modules/audit-trail/main.tf", address: account.name, value: "all_supported" }),
      ),
      infraPart(project, "buckets"),
    ],
  },
  {
    id: "K17",
    title: "backups and archives are kept as long as declared, in a locked vault; retention removes exactly the expired, here and now",
    run: (project) => [infraPart(project, "retention"), infraPart(project, "backups"), ran(project, "retention")],
  },
  {
    id: "K18",
    title: "the plan of recovery is a command that is run: the app comes back from a backup, here and now; copies are kept in a second region",
    run: (project) => [
      ran(project, "restore"),
      eachPlanned(
        project,
        "production's backups are copied to another region or account",
        ["aws_backup_plan"],
        ({ values, stack }) =>
          stack.name !== "prod" || at(values, "rule", 0, "copy_action", 0, "destination_vault_arn") !== undefined ? undefined : "they are in one place only",
        ["rule", 0, "copy_action"],
      ),
      one("DOC", "the drill is a command", [project.commands.includes("drill") ? undefined : "there is no command drill"], {
        address: "pulsequeue drill",
        value: "a command",
      }),
    ],
  },
];

export const checklistChecks: readonly Check[] = [...before, ...running, ...production];
