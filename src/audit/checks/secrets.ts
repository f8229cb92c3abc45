/** Secrets: where their values are, who may read them, and where they are not. */
import { each, ran, type Check, type Part } from "../check.ts";
import { secretFindings } from "../delivery/secrets.ts";
import { at, eachPlanned, infraPart, planned, seen } from "../plan.ts";
import type { Project } from "../project.ts";
import { functionsOf } from "./iam.ts";
import { arnOf, asRole, onPolicies, policyFile } from "../permissions/questions.ts";
import { isParameter } from "../../synth/index.ts";

const references: Check = {
  id: "S1",
  title: "the environment of a function holds names only; no value of a secret is in a setting, a plan or the state",
  owasp: ["A02"],
  run: (project) => [
    infraPart(project, "no-secret"),
    each(
      "PLAN",
      "functions are given names, not values",
      planned(project, "aws_lambda_function"),
      ({ values }) =>
        Object.entries((at(values, "environment", 0, "variables") ?? {}) as Readonly<Record<string, unknown>>)
          .filter(([name, value]) => !name.startsWith("PULSEQUEUE_") || String(value).length > 64)
          .map(([name]) => `it is given ${name}`),
      (resource) => seen(resource, "environment", 0, "variables"),
    ),
  ],
};

/** A secret that belongs to nobody here: who may read it may read too much. */
const declaredReaders = (project: Project): ReadonlyMap<string, ReadonlySet<string>> => {
  const { handlers, endpoints } = project.app.topology;
  const readers = new Map<string, Set<string>>();
  const add = (secret: string, name: string): void => {
    readers.set(secret, (readers.get(secret) ?? new Set()).add(name));
  };
  for (const owner of [...handlers.values(), ...endpoints.values()]) for (const { name } of owner.grants.secrets) add(name, owner.name);
  for (const { name, webhook } of endpoints.values()) if (webhook !== undefined) add(webhook.secret.name, name);
  return readers;
};

/** Why there may be no secret at all. */
const noSecrets = ({ app }: Project): string | undefined => (app.topology.secrets.size === 0 ? "the app declares no secret" : undefined);

function readersPart(project: Project): readonly Part[] {
  return onPolicies(project, (stack, data) => [
    each(
      "IAM",
      "each secret is read by the functions that declare it, and by nobody else; another deployment's by nobody",
      [...project.app.topology.secrets.keys()],
      (secret) => {
        const wanted = new Set(
          [...(declaredReaders(project).get(secret) ?? [])].map(
            (name) => stack.deployment.handlers.get(name)?.function ?? stack.deployment.endpoints.get(name) ?? name,
          ),
        );
        const read = (name: string) =>
          isParameter(stack.environment, secret)
            ? { action: "ssm:GetParameter", resource: arnOf(stack, "ssm", `parameter/${name}`) }
            : { action: "secretsmanager:GetSecretValue", resource: arnOf(stack, "secretsmanager", `secret:${name}-AbCdEf`) };
        return functionsOf(data).flatMap((role) => {
          const may = asRole(stack, role, read(stack.deployment.secrets.get(secret) ?? secret)) === "allow";
          const other = asRole(stack, role, read(`other/${secret}`)) === "allow";
          return [
            ...(may === wanted.has(role) ? [] : [`${role} ${may ? "may read it and does not declare it" : "declares it and may not read it"}`]),
            ...(other ? [`${role} may read another deployment's`] : []),
          ];
        });
      },
      (secret) => ({
        file: policyFile(data, `role.${[...(declaredReaders(project).get(secret) ?? [])][0] ?? ""}`),
        address: secret,
        value: `${isParameter(stack.environment, secret) ? "GetParameter" : "GetSecretValue"} on its ARN`,
      }),
      noSecrets(project),
    ),
  ]);
}

const manager: Check = {
  id: "S2",
  title:
    "secrets are in Secrets Manager, or in Parameter Store where the environment says so, under our key, read by those that declare them; one is rotated here and now without a refused request",
  run: (project) => [
    eachPlanned(
      project,
      "each secret has our key and time to be brought back",
      ["aws_secretsmanager_secret"],
      ({ values }) => [
        ...(at(values, "kms_key_id") === undefined ? ["it has no key of its own"] : []),
        ...(Number(at(values, "recovery_window_in_days") ?? 30) >= 7 ? [] : ["it is gone at once when it is deleted"]),
      ],
      ["kms_key_id"],
      noSecrets(project),
    ),
    ...readersPart(project),
    ran(project, "rotation"),
  ],
};

const configuration: Check = {
  id: "S3",
  title: "configuration is in reviewed files, and no role reads a parameter that is no declared secret: there is no second place for values",
  run: (project) => [
    each(
      "PLAN",
      "no environment keeps a parameter, and each has its values in a file of its own",
      project.stacks,
      ({ infra, folder }) => [
        ...infra.resources.filter(({ type }) => type === "aws_ssm_parameter").map(({ address }) => `${address} is a second place for values`),
        ...(project.files.has(`${folder}/environment.json`) ? [] : ["it has no environment.json"]),
      ],
      ({ folder, infra }) => ({ file: `${folder}/environment.json`, value: `${String(infra.resources.length)} resources, no parameter` }),
    ),
    ...onPolicies(project, (stack, data) => [
      each(
        "IAM",
        "no role may read a parameter that is no declared secret",
        stack.roles,
        (role) =>
          asRole(stack, role, { action: "ssm:GetParameter", resource: arnOf(stack, "ssm", "parameter/any/name") }) === "allow"
            ? "it may read any parameter"
            : undefined,
        (role) => ({ file: policyFile(data, `role.${role}`), value: "ssm:GetParameter refused" }),
      ),
    ]),
  ],
};

/** What a scanner that sees anything must see. Put together here, so that this file holds none. */
const planted: readonly string[] = [
  `aws_key = "${["AK", "IAQ3EGRFTZ7NWM2K5B"].join("")}"`,
  `${["-----BEGIN", "PRIVATE", "KEY-----"].join(" ")}\n${"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj".repeat(2)}`,
  `token: ${["gh", "p_aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA2bC4"].join("")}`,
  `"password": "${["k7Qz", "9fLm2", "Xw4Rt8", "Vb3Np6"].join("")}"`,
];

/** Values with the form of a secret that are none: published examples, and what tests look for. */
const examples = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "user:canary-1@issuer", `pq_${"0".repeat(8)}_${"0".repeat(43)}`];

function secretsIn(path: string, text: string): readonly string[] {
  const rest = examples.reduce((left, example) => left.replaceAll(example, ""), text);
  return secretFindings(path, rest).map(({ at: place, problem }) => `${place}: ${problem}`);
}

const nowhere: Check = {
  id: "S4",
  title: "no secret is in any file, nor in anything that was ever committed; planted ones are found",
  owasp: ["A02"],
  run: (project) => {
    const history = project.tools.get("history");
    const commits = (history?.output ?? "").split(/^commit (?=[\da-f]{40}$)/m).slice(1);
    return [
      each(
        "RUN",
        "planted secrets are found",
        planted,
        (text) => (secretsIn("planted", text).length > 0 ? undefined : "it is not found"),
        (text) => ({ address: text.slice(0, 12), value: "found" }),
      ),
      each(
        "RUN",
        "no file of the project holds one",
        [...project.files],
        ([path, text]) => secretsIn(path, text),
        ([path]) => ({ file: path, value: "scanned" }),
      ),
      each(
        "RUN",
        "no commit added one",
        commits,
        (patch) => {
          const added = patch
            .split("\n")
            .filter((line) => line.startsWith("+") && !line.startsWith("+++"))
            .join("\n");
          return secretsIn(patch.slice(0, 12), added);
        },
        (patch) => ({ address: `commit ${patch.slice(0, 12)}`, value: "scanned", command: history?.command ?? "", exitCode: history?.exitCode ?? 1 }),
        history?.exitCode === 0 ? undefined : "there is no history here: the project is no git repository",
      ),
    ];
  },
};

export const secretChecks: readonly Check[] = [references, manager, configuration, nowhere];
