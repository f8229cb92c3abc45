/** The door as an OpenAPI 3.1 document, made from the routes themselves and from what the app declares. */
import type { App } from "../../core/app.ts";
import type { Json } from "../../core/json.ts";
import type { Access, Route } from "../call.ts";
import { embedded } from "./schema.ts";

type Fields = Record<string, Json>;

export function openApi(app: App, version: string, routes: readonly Route[]): Json {
  const paths: Record<string, Fields> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    const place = `#/paths/${path.replaceAll("~", "~0").replaceAll("/", "~1")}/${route.method.toLowerCase()}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, place) };
  }
  return {
    openapi: "3.1.0",
    info: { title: app.name, version, description: "Ingest, endpoints, operations and health of one application." },
    servers: [{ url: "/" }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "An API key or a token, as the operation says." },
        standard: { type: "apiKey", in: "header", name: "webhook-signature", description: "A signature after Standard Webhooks." },
        stripe: { type: "apiKey", in: "header", name: "stripe-signature", description: "A signature of Stripe's form." },
      },
      schemas: { Problem: problemSchema },
    },
  };
}

const problemSchema: Json = {
  type: "object",
  description: "RFC 9457. `code` is stable; `detail` says what to do.",
  required: ["title", "status"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { type: "string" },
    detail: { type: "string" },
    issues: { type: "array", items: { type: "object", properties: { path: { type: "string" }, message: { type: "string" } } } },
  },
};

function operation(route: Route, place: string): Json {
  const parameters = [...parametersOf(route), ...(route.isRepeatable === true ? [idempotencyKey] : [])];
  const type = route.produces ?? "application/json";
  const success = String(route.success ?? 200);
  const schemaPlace = `${place}/responses/${success}/content/${type.replaceAll("/", "~1")}/schema`;
  const body = bodyOf(route, place);
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: body }),
    security: securityOf(route.access),
    responses: {
      [success]: { description: "Done.", content: { [type]: { schema: embedded(route.output ?? {}, schemaPlace) } } },
      ...(success === "202" ? { "207": { description: "A batch of which at least one event was refused.", content: { "application/json": {} } } } : {}),
      default: { description: "A problem.", content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } },
    },
  };
}

const idempotencyKey: Json = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  schema: { type: "string", minLength: 1, maxLength: 256 },
  description: "The same key and request get the same answer; another request with it is refused.",
};

function parametersOf(route: Route): readonly Json[] {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name = ""]): Json => ({ name, in: "path", required: true, schema: { type: "string" } }));
  const inQuery = (route.query ?? []).map((name): Json => ({ name, in: "query", required: false, schema: { type: "string" } }));
  return [...inPath, ...inQuery];
}

function bodyOf({ input, consumes = ["application/json"], method }: Route, place: string): Json | undefined {
  if (input === undefined || method === "GET") return undefined;
  const entry = (type: string): readonly [string, Json] => [
    type,
    { schema: embedded(input, `${place}/requestBody/content/${type.replaceAll("~", "~0").replaceAll("/", "~1")}/schema`) },
  ];
  return { required: false, content: Object.fromEntries(consumes.map(entry)) };
}

/** Unique, since a route is its method and its path. */
function operationId({ method, path }: Route): string {
  return `${method.toLowerCase()}${path.replaceAll(/\W+/g, "_")}`.replace(/_$/, "");
}

function securityOf(access: Access): Json {
  if (access.kind === "open") return [];
  if (access.kind === "roles") return access.local === true ? [{ bearer: [] }, {}] : [{ bearer: [] }];
  if (access.scheme !== undefined) return [{ [access.scheme]: [] }];
  return access.auth === "public" ? [] : [{ bearer: [] }];
}
