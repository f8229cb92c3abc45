/** The HTTP API in front of the functions, made as `infra/modules/endpoint-api` makes it, and asked as a client asks it. */
import { request } from "node:http";
import type { Resources } from "../../src/engines/aws/index.ts";
import type { StackVariables } from "../../src/synth/infrastructure.ts";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Api {
  /** `body`: JSON text. */
  ask(method: string, path: string, token: string | undefined, body?: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export interface ApiOptions {
  readonly variables: StackVariables;
  readonly place: { readonly region: string; readonly endpoint: string };
  readonly resources: Resources;
}

/**
 * One route for each endpoint, and all the rest to ingest and operations. Without API Gateway's own look at tokens: it would ask for the
 * issuer by https, and the functions verify them anyway.
 */
export async function createApi({ variables, place, resources }: ApiOptions): Promise<Api> {
  const create = creating(place);
  const { apiId, apiEndpoint } = await create("apis", { name: variables.names.prefix, protocolType: "HTTP" });
  const routes = [
    ...Object.values(variables.endpoints).map(({ name, method, path }) => ({ name, key: `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}` })),
    { name: variables.services.api.name, key: "ANY /{proxy+}" },
  ];
  for (const { name, key } of routes) {
    const integration = { integrationType: "AWS_PROXY", integrationUri: resources.functionArn(name), payloadFormatVersion: "2.0" };
    const { integrationId } = await create(`apis/${String(apiId)}/integrations`, integration);
    await create(`apis/${String(apiId)}/routes`, { routeKey: key, target: `integrations/${String(integrationId)}` });
  }
  await create(`apis/${String(apiId)}/stages`, { stageName: "$default", autoDeploy: true });
  const host = new URL(String(apiEndpoint)).hostname;
  return {
    // The API's name is none that a resolver knows: the emulator is asked by its own address, and told the name.
    ask: (method, path, token, body, headers = {}) =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(place.endpoint);
        const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
        const sent = { host, ...authorization, ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers };
        const asked = request({ hostname, port, method, path, headers: sent }, (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
          });
          response.on("error", reject);
        });
        asked.on("error", reject);
        asked.end(body);
      }),
  };
}

/** An emulator takes any signature, and sees by it which service is meant: for three calls that is simpler than a client. */
function creating({ region, endpoint }: ApiOptions["place"]): (path: string, what: object) => Promise<Readonly<Record<string, unknown>>> {
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/apigateway/aws4_request, SignedHeaders=host, Signature=none`;
  return async (path, what) => {
    const response = await fetch(new URL(`/v2/${path}`, endpoint), {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify(what),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The emulator made no HTTP API: ${String(response.status)} ${text.slice(0, 200)}`);
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  };
}
