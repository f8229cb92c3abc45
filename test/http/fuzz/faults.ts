/** Faults planted in a copy of the door, one at a time: the fuzz run is worth what its judge finds of these. */
import type { Replacement } from "../../crash/build.ts";

export interface FuzzFault {
  readonly name: string;
  /** What the judge must say of it. */
  readonly by: RegExp;
  readonly replacements: readonly Replacement[];
}

const one = (file: string, find: string, replace: string): readonly Replacement[] => [{ file: `src/${file}`, find, replace }];

export const fuzzFaults: readonly FuzzFault[] = [
  {
    name: "data is not compared with its schema",
    by: /stored that is not valid/,
    replacements: one("core/new-event.ts", 'const output = parseWith(event.schema, data, "PAYLOAD_INVALID", what, event.pii);', "const output = data;"),
  },
  {
    name: "an event above the limit is taken",
    by: /stored that is too large/,
    replacements: one("core/json.ts", "text.length * 3 > maxBytes &&", "text.length * 3 < 0 &&"),
  },
  {
    name: "an event may be nested without an end",
    by: /stored that is nested too deep/,
    replacements: [
      ...one("core/json.ts", "if (depth >= limits.depth)", "if (depth >= 2_000)"),
      ...one("http/json-body.ts", "if (open > depth) return", "if (open > 2_000) return"),
    ],
  },
  {
    name: "personal data may be a key",
    by: /the key of an event is its personal data/,
    replacements: one("core/new-event.ts", "tellsPersonal(key, decodeJson(text), event.pii)", "tellsPersonal(key, {}, event.pii)"),
  },
  {
    name: "a key that is personal data is the server's fault",
    by: /the status is 500/,
    replacements: one("core/new-event.ts", 'PulseQueueError("KEY_PERSONAL"', 'PulseQueueError("DECLARATION_INVALID"'),
  },
  {
    name: "a refusal shows its stack",
    by: /shows the inside/,
    replacements: one(
      "http/respond.ts",
      "JSON.stringify(body), { status, headers: { ...base",
      "JSON.stringify({ ...body, stack: error.stack }), { status, headers: { ...base",
    ),
  },
  {
    name: "a parameter that is given twice breaks the door",
    by: /the status is 500/,
    replacements: one(
      "http/target.ts",
      'if (name in query) throw new PulseQueueError("REQUEST_INVALID",',
      'if (name in query) throw new TypeError("REQUEST_INVALID" +',
    ),
  },
  {
    name: "a body of another type is never answered",
    by: /it was not answered/,
    replacements: one(
      "http/app.ts",
      "response = await refuse(",
      'if (toError(thrown).code === "MEDIA_TYPE_UNSUPPORTED") await new Promise(() => undefined);\n response = await refuse(',
    ),
  },
  {
    name: "authentication is left out for a type of events",
    by: /who may not/,
    replacements: one(
      "http/ingest/routes.ts",
      "if (!includes(principal.scope.events, type)) throw",
      'if (type !== "order.cancelled" && !includes(principal.scope.events, type)) throw',
    ),
  },
  {
    name: "whoever may look may publish",
    by: /who may not/,
    replacements: one("http/ingest/routes.ts", 'roles: ["publisher"] }', 'roles: ["publisher", "viewer"] }'),
  },
  {
    name: "a tenant sees the events of others",
    by: /a tenant sees what is another's/,
    replacements: [
      ...one("http/operations/view.ts", "principal.tenant === undefined || shown.tenant === principal.tenant", "shown !== undefined"),
      ...one("http/operations/view.ts", "return tenant === undefined ? {} : { tenant };", "return {};"),
    ],
  },
  {
    name: "an event names the tenant that it likes",
    by: /who may not/,
    replacements: [
      ...one("http/ingest/routes.ts", "const tenant = principal.tenant ?? incoming.tenant;", "const tenant = incoming.tenant ?? principal.tenant;"),
      ...one("http/ingest/routes.ts", "if (tenant !== (incoming.tenant ?? tenant)) throw forbidden();", ""),
    ],
  },
  {
    name: "an event that was there already counts as new",
    by: /accepted, \d+ stored/,
    replacements: one(
      "http/ingest/routes.ts",
      "return { id, type: event.name, source, duplicate };",
      "return { id, type: event.name, source, duplicate: duplicate && false };",
    ),
  },
  {
    name: "a request is told twice",
    by: /it was told 2 times/,
    replacements: one(
      "http/app.ts",
      "      exchange.body?.release();\n",
      '      exchange.body?.release();\n      observe({ type: "request", route: exchange.route, method: "GET", status: 200, milliseconds: 0, principal: "", correlationId: undefined });\n',
    ),
  },
  {
    name: "what a body holds is never given back",
    by: /the status is 429/,
    replacements: one("http/app.ts", "      exchange.body?.release();\n", ""),
  },
];
