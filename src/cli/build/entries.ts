/** What each Lambda function of a deployment starts with: the app, and the one part of it that this function runs. */
import type { Deployment } from "../../core/deployment.ts";
import type { Topology } from "../../core/topology.ts";

export interface Entry {
  /** Name of the function and, with `.zip`, of its bundle. */
  readonly name: string;
  readonly kind: "handler" | "endpoint" | "api" | "relay" | "ticker";
  /** Source of an ES module; it exports `handler`. */
  readonly source: string;
}

/** One entry for each function of `deployment`. `appPath`: module whose default export is the app. */
export function entriesOf(topology: Topology, deployment: Deployment, appPath: string): readonly Entry[] {
  /** `secrets`: whether it reads some; only then its bundle holds what reads them. */
  const entry = (name: string, kind: Entry["kind"], maker: string, argument?: string, secrets = false): Entry => {
    const given = ["app", ...(argument === undefined ? [] : [JSON.stringify(argument)]), ...(secrets ? ["openSecrets"] : [])];
    return {
      name,
      kind,
      source: [
        `import { ${[maker, ...(secrets ? ["openSecrets"] : [])].join(", ")} } from "pulsequeue/lambda";`,
        `import app from ${JSON.stringify(appPath)};`,
        `export const handler = ${maker}(${given.join(", ")});`,
        "",
      ].join("\n"),
    };
  };
  return [
    ...[...topology.handlers.values()].map(({ name, grants }) =>
      entry(deployment.handlers.get(name)?.function ?? name, "handler", "handlerFunction", name, grants.secrets.length > 0),
    ),
    ...[...topology.endpoints.values()].map(({ name, grants, webhook }) =>
      entry(deployment.endpoints.get(name) ?? name, "endpoint", "doorFunction", name, grants.secrets.length > 0 || webhook !== undefined),
    ),
    entry(deployment.api, "api", "apiFunction"),
    entry(deployment.relay, "relay", "relayFunction"),
    entry(deployment.ticker, "ticker", "tickerFunction"),
  ];
}
