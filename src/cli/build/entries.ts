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
  const app = `import app from ${JSON.stringify(appPath)};`;
  const entry = (name: string, kind: Entry["kind"], maker: string, argument?: string): Entry => ({
    name,
    kind,
    source: [
      `import { ${maker} } from "pulsequeue/aws";`,
      app,
      `export const handler = ${maker}(app${argument === undefined ? "" : `, ${JSON.stringify(argument)}`});`,
      "",
    ].join("\n"),
  });
  const door = (name: string, kind: "endpoint" | "api", argument?: string): Entry => ({
    name,
    kind,
    source: [
      `import { doorFunction } from "pulsequeue/aws";`,
      `import { lambdaDoor } from "pulsequeue/http";`,
      app,
      `export const handler = doorFunction(app, lambdaDoor${argument === undefined ? "" : `, ${JSON.stringify(argument)}`});`,
      "",
    ].join("\n"),
  });
  return [
    ...[...topology.handlers.keys()].map((name) => entry(deployment.handlers.get(name)?.function ?? name, "handler", "handlerFunction", name)),
    ...[...topology.endpoints.keys()].map((name) => door(deployment.endpoints.get(name) ?? name, "endpoint", name)),
    door(deployment.api, "api"),
    entry(deployment.relay, "relay", "relayFunction"),
    entry(deployment.ticker, "ticker", "tickerFunction"),
  ];
}
