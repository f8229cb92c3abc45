/** The door, attacked: who is let in, what is taken, and what is told of the inside. */
import { canaryApp, innards, mischief } from "../canary.ts";
import type { Bench, Experiment } from "../experiment.ts";
import { hostile } from "./payloads.ts";
import { cloudEvent, note, on, problemsWhere, structured, tokenOf } from "./tools.ts";

/** Ways to name a path that a careless router takes for another one. */
const disguises = (path: string): readonly string[] => [
  `/${path}`,
  path.toUpperCase(),
  path.replace("/v1/", "/v1/../v1/"),
  path.replace("v1", "%76%31"),
  `${path}/`,
];

interface Operation {
  readonly method: string;
  readonly path: string;
  /** Whether nobody has to say who they are. */
  readonly isOpen: boolean;
}

/** Every operation that the door itself says it has. */
async function operationsOf(bench: Bench): Promise<readonly Operation[]> {
  const document: unknown = await (await bench.ask("/openapi.json", { local: true })).json();
  const paths = (document as { readonly paths?: Readonly<Record<string, Readonly<Record<string, { readonly security?: readonly unknown[] }>>>> }).paths ?? {};
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, "x"),
      isOpen: security?.length === 0,
    })),
  );
}

const health: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/version"]);

const closed: Experiment = {
  name: "closed-doors",
  kind: "ATTACK",
  claim: "every route of the audited app refuses a stranger, a wrong token, a credential without the role, and each disguise of its path; metrics too",
  run: (lab) =>
    on(lab.open({ app: lab.app }), async (bench) => {
      const operations = await operationsOf(bench);
      const open = new Set([
        ...health,
        ...[...lab.app.topology.endpoints.values()].filter(({ auth }) => auth === "public").map(({ path }) => path.replaceAll(/:\w+/g, "x")),
      ]);
      const looker = await tokenOf(bench, ["viewer"]);
      const problems: string[] = [];
      let tried = 0;
      const expectRefusal = async (method: string, path: string, token: string | undefined, who: string): Promise<void> => {
        tried += 1;
        const body = method === "GET" ? {} : { body: "{}", headers: { "content-type": "application/json" } };
        const { status } = await bench.ask(path, { method, token, ...body });
        if (status < 400 || status >= 500) problems.push(`${method} ${path} answers ${who} with ${String(status)}`);
      };
      for (const { method, path } of operations) {
        if (open.has(path)) continue;
        await expectRefusal(method, path, undefined, "a stranger");
        await expectRefusal(method, path, `pq_${"0".repeat(8)}_${"0".repeat(43)}`, "a wrong token");
        for (const disguise of disguises(path)) await expectRefusal(method, disguise, undefined, "a stranger in disguise");
        if (method !== "GET") await expectRefusal(method, path, looker, "a viewer");
      }
      await expectRefusal("GET", "/metrics", undefined, "a stranger");
      return { tried, value: `${String(operations.length)} operations, ${String(tried)} requests, ${String(problems.length)} answered`, problems };
    }),
};

const tenants: Experiment = {
  name: "tenants",
  kind: "ATTACK",
  claim: "one tenant's credential finds nothing of another's: neither events nor dead letters, by id or in a list",
  run: (lab) =>
    on(lab.open({ app: canaryApp }), async (bench) => {
      const [mine, other] = [await tokenOf(bench, ["publisher", "viewer", "operator"], "a"), await tokenOf(bench, ["publisher", "viewer", "operator"], "b")];
      const problems: string[] = [];
      const count = 10;
      for (let index = 0; index < count; index += 1) {
        const body = cloudEvent("canary.noted", `b-${String(index)}`, { id: `b-${String(index)}`, amount: index % 2 === 0 ? 1 : mischief.refuses });
        const { status } = await bench.ask("/v1/events", { token: other, headers: structured, body });
        if (status !== 202) problems.push(`the tenant's own event is answered with ${String(status)}`);
      }
      await bench.queue.start();
      await bench.queue.idle();
      const own = await (await bench.ask("/v1/events", { token: other })).text();
      if (!own.includes("b-1")) problems.push("the tenant does not see its own events");
      for (const path of ["/v1/events", "/v1/dead-letters", ...Array.from({ length: count }, (_, index) => `/v1/events/b-${String(index)}`)]) {
        const response = await bench.ask(path, { token: mine });
        if ((await response.text()).includes("b-") && response.status < 300) problems.push(`${path} shows another tenant's data`);
      }
      return { tried: count + 2, value: `${String(count)} foreign events asked for`, problems };
    }),
};

/** What an error's body must not tell: paths of this machine, stacks, SQL, what was thrown. */
const inside = /\/(?:home|srv|work|usr|tmp|var)\/|node_modules|\bat \S+ \(|\.ts:\d|SELECT |SQLITE|Error:/;

const errors: Experiment = {
  name: "errors",
  kind: "ATTACK",
  claim: "errors tell a code and a way out, and nothing of the inside; what cannot be handled is a dead letter with its cause, never a success",
  run: (lab) =>
    on(lab.open({ app: canaryApp }), async (bench) => {
      const token = await tokenOf(bench, ["publisher", "viewer", "operator"]);
      const json = { "content-type": "application/json" };
      const bodies = [...hostile, innards, cloudEvent("nobody.knows", "e", {}), cloudEvent("canary.noted", "e", { id: "../../etc", amount: 1 })];
      const asks = [
        ...bodies.map((body) => ["/v1/events", { token, headers: structured, body }] as const),
        ...["/nowhere", "/v1/events/%00", "/v1/events?limit=x", "/v1/tables/none", "/%", "/v1/handlers/none"].map((path) => [path, { token }] as const),
        ...["canary-broken", "canary-hook"].map((path) => [`/${path}`, { headers: json, body: innards }] as const),
        ...["pause", "resume", "x"].map((verb) => [`/v1/handlers/none/${verb}`, { token, headers: json, body: '{"reason":"x"}' }] as const),
        ...["/v1/dead-letters/redrive", "/v1/replay", "/v1/keys"].map((path) => [path, { token, headers: json, body: "{}" }] as const),
        ...["PUT", "DELETE", "PATCH", "OPTIONS"].map((method) => ["/v1/events", { token, method }] as const),
      ];
      const problems: string[] = [];
      for (const [path, ask] of asks) {
        const response = await bench.ask(path, ask);
        const text = await response.text();
        if (response.status < 400) problems.push(`${path} is answered with ${String(response.status)}`);
        if (inside.test(text)) problems.push(`${path} tells of the inside: ${text.slice(0, 120)}`);
        if (text !== "" && !/"code":\s*"[A-Z_]+"/.test(text)) problems.push(`${path} tells no code`);
      }
      await note(bench, "dead-1", mischief.refuses);
      await note(bench, "dead-2", mischief.fails);
      await bench.queue.start();
      await bench.queue.idle();
      const dead = await bench.queue.inspect.deadLetters();
      const view = await (await bench.ask("/v1/dead-letters", { token })).text();
      return {
        tried: asks.length + 2,
        value: `${String(asks.length)} errors provoked, ${String(dead.length)} of 2 bad events are dead letters`,
        problems: [
          ...problems,
          ...problemsWhere([dead.length === 2, "a bad event is no dead letter"], [view.includes("NON_RETRYABLE"), "a dead letter has no cause"]),
        ],
      };
    }),
};

const listening: Experiment = {
  name: "listening",
  kind: "ATTACK",
  claim: "the server refuses every address but loopback without a credential, and without TLS",
  async run(lab) {
    const bare = await lab.listen("0.0.0.0", false);
    const plain = await lab.listen("0.0.0.0", true);
    const near = await lab.listen("127.0.0.1", false);
    return {
      tried: 3,
      value: `0.0.0.0 without a credential: ${bare ?? "listens"}, without TLS: ${plain ?? "listens"}; 127.0.0.1: ${near ?? "listens"}`,
      problems: problemsWhere(
        [bare !== undefined, "it listens on every address without a credential"],
        [plain !== undefined, "it listens on every address without TLS"],
        [near === undefined, "it does not even listen on loopback"],
      ),
    };
  },
};

const records: Experiment = {
  name: "access-records",
  kind: "ATTACK",
  claim: "each request has exactly one record, and no record holds a token or a payload",
  run: (lab) =>
    on(lab.open({ app: canaryApp }), async (bench) => {
      const token = await tokenOf(bench, ["publisher"]);
      const count = 1_000;
      const secret = "canary-payload-1";
      for (let index = 0; index < count; index += 1) {
        const body = cloudEvent("canary.noted", `r-${String(index)}`, { id: `r-${String(index)}`, amount: 1, email: secret });
        await bench.ask(index % 10 === 0 ? "/nowhere" : "/v1/events", { token: index % 3 === 0 ? undefined : token, headers: structured, body });
      }
      const log = bench.log().join("\n");
      return {
        tried: count,
        value: `${String(count)} requests, ${String(bench.requests())} records`,
        problems: problemsWhere(
          [bench.requests() === count, `${String(count)} requests have ${String(bench.requests())} records`],
          [!log.includes(token) && !log.includes(token.slice(-20)), "a record holds a token"],
          [!log.includes(secret), "a record holds a payload"],
        ),
      };
    }),
};

export const doorExperiments: readonly Experiment[] = [closed, tenants, errors, listening, records];
