/** What each Lambda function of a deployment starts with: the app, and the one part of it that this function runs. */
import type { Deployment } from "../../core/deployment.ts";
import type { SecretDefinition } from "../../core/secret.ts";
import type { Topology } from "../../core/topology.ts";
import { isParameter, type Environment } from "../../synth/index.ts";

export interface Entry {
  /** Name of the function and, with `.zip`, of its bundle. */
  readonly name: string;
  readonly kind: "handler" | "endpoint" | "api" | "relay" | "ticker";
  /** Source of an ES module; it exports `handler`. */
  readonly source: string;
}

/** One entry for each function of `deployment`. `appPath`: module whose default export is the app; `environment`: where its secrets are. */
export function entriesOf(topology: Topology, deployment: Deployment, appPath: string, environment: Pick<Environment, "parameters"> = {}): readonly Entry[] {
  /** `secrets`: those that it reads; only for them its bundle holds the clients. */
  const entry = (name: string, kind: Entry["kind"], maker: string, argument?: string, secrets: readonly SecretDefinition[] = []): Entry => {
    const opener = openerOf(secrets, environment);
    const given = ["app", ...(argument === undefined ? [] : [JSON.stringify(argument)]), ...(opener === undefined ? [] : [opener.call])];
    return {
      name,
      kind,
      source: [
        `import { ${[maker, ...(opener === undefined ? [] : [opener.name])].join(", ")} } from "pulsequeue/lambda";`,
        `import app from ${JSON.stringify(appPath)};`,
        `export const handler = ${maker}(${given.join(", ")});`,
        "",
      ].join("\n"),
    };
  };
  return [
    ...[...topology.handlers.values()].map(({ name, grants }) =>
      entry(deployment.handlers.get(name)?.function ?? name, "handler", "handlerFunction", name, grants.secrets),
    ),
    ...[...topology.endpoints.values()].map(({ name, grants, webhook }) =>
      entry(deployment.endpoints.get(name) ?? name, "endpoint", "doorFunction", name, [...grants.secrets, ...(webhook === undefined ? [] : [webhook.secret])]),
    ),
    entry(deployment.api, "api", "apiFunction"),
    entry(deployment.relay, "relay", "relayFunction"),
    entry(deployment.ticker, "ticker", "tickerFunction"),
  ];
}

/** What reads these secrets: a name that `pulsequeue/lambda` exports, and how it is given. */
function openerOf(
  secrets: readonly SecretDefinition[],
  environment: Pick<Environment, "parameters">,
): { readonly name: string; readonly call: string } | undefined {
  if (secrets.length === 0) return undefined;
  const parameters = [...new Set(secrets.map(({ name }) => name))].filter((name) => isParameter(environment, name));
  if (parameters.length === 0) return { name: "openSecrets", call: "openSecrets" };
  if (secrets.every(({ name }) => isParameter(environment, name))) return { name: "openParameters", call: "openParameters" };
  return { name: "openBoth", call: `openBoth(${JSON.stringify(parameters)})` };
}
