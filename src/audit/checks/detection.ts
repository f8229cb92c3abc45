/** Whether somebody hears of each threat of the model: its signal exists, and it comes when the threat is caused. */
import { alarmKinds } from "../../synth/index.ts";
import { each, one, ran, type Check, type Part } from "../check.ts";
import { pinFindings } from "../delivery/pins.ts";
import { causes } from "../experiments/threats.ts";
import { infraChecks, runCheck, type Infra } from "../infra/index.ts";
import { textAt } from "../plan.ts";
import { jsonOf, lineOf, member, textOf, type Project } from "../project.ts";

/** One threat of the security document with what tells of it. */
interface Threat {
  readonly number: number;
  readonly threat: string;
  readonly metric?: string;
  readonly alarm?: string;
  /** Code of the error with which the engine refuses to go on. */
  readonly code?: string;
  readonly check?: string;
  readonly silent?: string;
}

const signals = "docs/security/signals.json";
const mostThreats = 20;

function threatsOf(project: Project): readonly Threat[] {
  const list = member(jsonOf(project, signals), "threats");
  const known = Array.isArray(list) ? (list as readonly Threat[]) : [];
  return Array.from({ length: mostThreats }, (_, index) => known.find(({ number }) => number === index + 1) ?? { number: index + 1, threat: "" });
}

const signalOf = ({ metric, code, alarm, check, silent }: Threat): string =>
  metric ?? code ?? alarm ?? (check === undefined ? `silent: ${silent ?? "nobody says why"}` : `check ${check}`);

/** The resources of a type with another text in one of their values. */
function withText(infra: Infra, type: string, value: string, change: (text: string) => string): Infra {
  return {
    ...infra,
    resources: infra.resources.map((resource) =>
      resource.type === type ? { ...resource, values: { ...resource.values, [value]: change(textAt(resource.values, value)) } } : resource,
    ),
  };
}

const foundBy = (id: string, infra: Infra): boolean => {
  const check = infraChecks.get(id);
  return check !== undefined && runCheck(check, infra).status === "fail";
};

interface Plant {
  readonly threat: number;
  readonly check: string;
  readonly what: string;
  /** Plants the fault that lets the threat in, and answers whether its check finds it. */
  readonly isFound: (project: Project) => boolean;
}

/** What no engine on one machine can meet: the fault is planted into this project's own files. */
const plants: readonly Plant[] = [
  {
    threat: 3,
    check: "I2",
    what: "queues that take from every account's rules",
    isFound: ({ stacks }) =>
      stacks.every(({ infra }) =>
        foundBy(
          "confused-deputy",
          withText(infra, "aws_sqs_queue_policy", "policy", (text) => text.replaceAll(/"aws:Source(?:Arn|Account)"/g, '"aws:Other"')),
        ),
      ),
  },
  {
    threat: 4,
    check: "C2",
    what: "a role for every workflow of the repository",
    isFound: ({ stacks }) =>
      stacks.every(({ account }) =>
        foundBy(
          "pipeline-trust",
          withText(account, "aws_iam_role", "assume_role_policy", (text) => text.replaceAll(/"[^"]*:environment:[^"]*"/g, '"repo:owner/name:*"')),
        ),
      ),
  },
  {
    threat: 7,
    check: "C1",
    what: "actions by their tags",
    isFound: (project) =>
      [...project.workflows.keys()].some(
        (path) => pinFindings(path, textOf(project, path).replaceAll(/@[\da-f]{40}/g, "@v1")).length > pinFindings(path, textOf(project, path)).length,
      ),
  },
];

/** Each threat was caused by an experiment, or planted; those that nothing can tell of are listed. */
function causedPart(project: Project): Part {
  return each(
    "RUN",
    "each signal was caused here and now, by the threat that it tells of",
    threatsOf(project),
    (threat) => {
      const { number, metric, code, check, silent } = threat;
      const planted = plants.find((plant) => plant.threat === number);
      if (planted !== undefined) {
        if (check !== planted.check) return `check ${planted.check} tells of it, not ${signalOf(threat)}`;
        return project.stacks.length > 0 && planted.isFound(project) ? undefined : `${planted.what}: planted, and not found`;
      }
      const caused = causes.find((cause) => cause.threat === number);
      if (caused !== undefined) return [metric, code, check].includes(caused.signal) ? undefined : `${caused.signal} tells of it, not ${signalOf(threat)}`;
      return silent === undefined ? "nothing causes it" : undefined;
    },
    (threat) => ({ file: signals, address: `threat ${String(threat.number)}`, value: signalOf(threat) }),
  );
}

export const detection: Check = {
  id: "R1",
  title:
    "each of the twenty threats has a signal (a metric, an alarm with its runbook, a refusal, a check) and is caused here and now, or says why nothing can tell of it",
  owasp: ["A09"],
  run: (project) => {
    const { metrics } = project;
    const silent = threatsOf(project).filter((threat) => threat.silent !== undefined);
    return [
      each(
        "DOC",
        "every threat of the model has a signal that exists, or a reason to be silent",
        threatsOf(project),
        ({ metric, alarm, check, code, silent: reason, threat }) => [
          ...(threat === "" ? ["it is not in the list"] : []),
          ...(metric !== undefined && !metrics.has(metric) ? [`there is no metric ${metric}`] : []),
          ...(alarm !== undefined && !alarmKinds.some((kind) => kind === alarm) ? [`there is no alarm ${alarm}`] : []),
          ...(code !== undefined && !textOf(project, "docs/errors.md").includes(code) ? [`there is no error ${code}`] : []),
          ...(check !== undefined && !project.statements.some(({ id }) => id === check) ? [`there is no check ${check}`] : []),
          ...([metric, alarm, check, code, reason].every((signal) => signal === undefined) ? ["nothing tells of it"] : []),
        ],
        (threat) => ({ file: signals, address: `threat ${String(threat.number)}`, value: signalOf(threat) }),
      ),
      one(
        "DOC",
        `the threats are those of the security document; nothing tells of ${silent.map(({ number }) => String(number)).join(" and ")}`,
        threatsOf(project).map(({ number }) =>
          textOf(project, "SECURITY.md").includes(`\n| ${String(number)} |`) ? undefined : `it has no threat ${String(number)}`,
        ),
        {
          file: "SECURITY.md",
          line: lineOf(textOf(project, "SECURITY.md"), "## Threat model") ?? 1,
          value: silent.map(({ number, silent: reason }) => `${String(number)}: ${reason ?? ""}`).join("; "),
        },
      ),
      each(
        "PLAN",
        "each refusal that tells of a threat raises its alarm, in every environment",
        project.stacks.flatMap((stack) => threatsOf(project).flatMap((threat) => (threat.alarm === "refusals" ? [{ stack, threat }] : []))),
        ({ stack: { infrastructure }, threat: { metric, number } }) =>
          Object.values(infrastructure.variables.alarms).some((alarm) => alarm.kind === "refusals" && alarm.metric === metric)
            ? undefined
            : `no alarm watches what tells of threat ${String(number)}`,
        ({ stack: { name, folder }, threat: { metric = "" } }) => ({
          file: `${folder}/topology.auto.tfvars.json`,
          address: `${name}: refusals`,
          value: metric,
        }),
      ),
      causedPart(project),
      ran(project, "threats"),
      ran(project, "counters"),
      ran(project, "alert"),
    ];
  },
};
