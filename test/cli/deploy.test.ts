/** Staged deployment and the way back, on a Lambda and a CloudWatch of this process. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { CreateAliasCommand, GetAliasCommand, ListVersionsByFunctionCommand, UpdateAliasCommand } from "@aws-sdk/client-lambda";
import { beforeEach, afterEach, describe, expect, test } from "vitest";
import { trafficOf, type TrafficClients } from "../../src/cli/aws/live-traffic.ts";
import { testEnvironment } from "../aws/life.ts";
import { inTerminal, type Answer } from "../support/terminal.ts";

const appFile = join(import.meta.dirname, "../support/order-app.ts");
const functions = ["orders-test-confirm", "orders-test-count", "orders-test-pq-api", "orders-test-pq-relay", "orders-test-pq-ticker"];

interface Alias {
  version: string;
  weights: Readonly<Record<string, number>>;
  note?: string | undefined;
}

/** One account: versions and aliases by function, alarms, and what was asked of it. */
class Account {
  readonly versions = new Map(functions.map((name) => [name, ["1"]]));
  readonly aliases = new Map<string, Alias>(functions.map((name) => [`${name}:live`, { version: "1", weights: {} }]));
  alarms: { name: string; state: string }[] = [{ name: "orders-test-handler-errors-orders-test-confirm", state: "OK" }];
  waited = 0;
  /** What happens while somebody waits. */
  meanwhile: () => void = () => undefined;
  /** Names of functions whose aliases cannot be changed. */
  broken: readonly string[] = [];
  readonly updates: string[] = [];

  publish(version: string): void {
    for (const list of this.versions.values()) list.push(version);
  }

  live(name = "orders-test-confirm"): Alias {
    return this.aliases.get(`${name}:live`) ?? { version: "", weights: {} };
  }

  readonly clients = {
    lambda: {
      send: (command: unknown) => {
        if (command instanceof GetAliasCommand) {
          const alias = this.aliases.get(`${command.input.FunctionName}:${command.input.Name}`);
          if (alias === undefined) return Promise.reject(Object.assign(new Error("no such alias"), { name: "ResourceNotFoundException" }));
          const arn = `arn:aws:lambda:eu-central-1:${testEnvironment.account}:function:${command.input.FunctionName}:${command.input.Name}`;
          return Promise.resolve({ AliasArn: arn, FunctionVersion: alias.version, RoutingConfig: { AdditionalVersionWeights: alias.weights } });
        }
        if (command instanceof ListVersionsByFunctionCommand) {
          const all = ["$LATEST", ...(this.versions.get(command.input.FunctionName ?? "") ?? [])];
          const start = Number(command.input.Marker ?? 0); // two a page
          const page = all.slice(start, start + 2).map((Version) => ({ Version, CodeSha256: `hash-of-${Version}` }));
          return Promise.resolve({ Versions: page, ...(start + 2 < all.length ? { NextMarker: String(start + 2) } : {}) });
        }
        if (command instanceof UpdateAliasCommand || command instanceof CreateAliasCommand) {
          const { FunctionName: name = "", Name: alias = "", FunctionVersion: version = "", RoutingConfig: routing, Description: note } = command.input;
          if (this.broken.includes(name) && routing?.AdditionalVersionWeights?.["2"] !== undefined)
            return Promise.reject(Object.assign(new Error("no"), { name: "AccessDeniedException" }));
          this.updates.push(`${name}:${alias} ${version} ${JSON.stringify(routing?.AdditionalVersionWeights ?? {})}`);
          this.aliases.set(`${name}:${alias}`, { version, weights: routing?.AdditionalVersionWeights ?? {}, note });
          return Promise.resolve({});
        }
        return Promise.reject(new Error("unknown command"));
      },
    },
    cloudwatch: {
      send: (command: unknown) => {
        if (!(command instanceof DescribeAlarmsCommand)) return Promise.reject(new Error("unknown command"));
        const all = this.alarms.filter(({ name }) => name.startsWith(command.input.AlarmNamePrefix ?? ""));
        const start = Number(command.input.NextToken ?? 0); // one a page
        const page = all.slice(start, start + 1).map(({ name, state }) => ({ AlarmName: name, StateValue: state }));
        return Promise.resolve({ MetricAlarms: page, ...(start + 1 < all.length ? { NextToken: String(start + 1) } : {}) });
      },
    },
  } as unknown as TrafficClients;
}

let account: Account;
let cwd: string;
beforeEach(() => {
  account = new Account();
  cwd = mkdtempSync(join(tmpdir(), "pulsequeue-deploy-"));
  mkdirSync(join(cwd, "infra/stacks/test"), { recursive: true });
  writeFileSync(join(cwd, "infra/stacks/test/environment.json"), JSON.stringify({ ...testEnvironment, environment: "test" }));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function run(...args: readonly string[]): Promise<Answer> {
  const traffic = {
    ...trafficOf(account.clients, testEnvironment.account),
    wait: (milliseconds: number): Promise<void> => {
      account.waited += milliseconds;
      account.meanwhile();
      return Promise.resolve();
    },
  };
  return inTerminal([...args, "--env", "test"], { cwd, env: { PULSEQUEUE_APP: appFile }, traffic: () => Promise.resolve(traffic) });
}
/** The version that has the traffic, and what others have of it. */
const trafficTo = (name: string): unknown => [account.live(name).version, account.live(name).weights];
const deploy = (...args: readonly string[]): Promise<Answer> => run("deploy", "--reason", "release 2", "--by", "ada", "--json", ...args);

describe("deploy", () => {
  test("gives the new versions a tenth, watches for ten minutes, then gives them all, and remembers what was before", async () => {
    account.publish("2");
    const seen: unknown[] = [];
    account.meanwhile = () => seen.push(account.live().weights);
    const answer = await deploy();
    expect([answer.code, answer.stderr]).toEqual([0, ""]);
    expect(answer.json()).toMatchObject({ state: "live", moved: functions });
    expect(account.waited).toBe(600_000);
    expect(new Set(seen.map((weights) => JSON.stringify(weights)))).toEqual(new Set(['{"2":0.1}']));
    for (const name of functions) {
      expect(trafficTo(name)).toEqual(["2", {}]);
      expect(account.aliases.get(`${name}:previous`)).toMatchObject({ version: "1", note: "replaced by ada: release 2" });
    }
  });

  test("an alarm on the way gives every function its old traffic, and says which one it was", async () => {
    account.publish("2");
    account.alarms.push({ name: "orders-test-queue-age-orders-test-confirm", state: "OK" }, { name: "another-app-alarm", state: "ALARM" });
    account.meanwhile = () => {
      if (account.waited > 60_000) account.alarms[1] = { name: "orders-test-queue-age-orders-test-confirm", state: "ALARM" };
    };
    const answer = await deploy();
    expect(answer.code).toBe(3);
    expect(answer.json()).toMatchObject({ state: "rolled back", ringing: ["orders-test-queue-age-orders-test-confirm"] });
    expect(account.waited).toBe(75_000);
    for (const name of functions) expect(trafficTo(name)).toEqual(["1", {}]);
    expect([...account.aliases.keys()].filter((alias) => alias.endsWith(":previous"))).toEqual([]);
  });

  test("what AWS refuses half-way leaves no function with a part of the traffic", async () => {
    account.publish("2");
    account.broken = ["orders-test-pq-api"];
    const answer = await deploy();
    expect([answer.code, answer.error()["code"]]).toEqual([1, "AWS_DENIED"]);
    for (const name of functions) expect(trafficTo(name)).toEqual(["1", {}]);
    expect(account.updates.some((update) => update.startsWith('orders-test-confirm:live 1 {"2"'))).toBe(true);
  });

  test.each<readonly [string, () => void]>([
    ["without an alarm nobody would notice", () => (account.alarms = [])],
    ["an alarm that goes off already", () => (account.alarms = [{ name: "orders-test-api-errors-orders-test", state: "ALARM" }])],
  ])("is refused: %s", async (_why, change) => {
    account.publish("2");
    change();
    expect((await deploy()).code).toBe(3);
    expect(account.updates).toEqual([]);
  });

  test("a dry run shows what is live, by its hash, and changes nothing; without a new version there is nothing to do", async () => {
    expect((await deploy()).json()).toMatchObject({ state: "unchanged", moved: [] });
    account.publish("2");
    const answer = await run("deploy", "--dry-run");
    expect(answer.stdout).toContain("would move the traffic of 5 functions");
    expect(answer.stdout).toMatch(/orders-test-confirm\s+1\s+hash-of-1\s+2/);
    expect(account.updates).toEqual([]);
  });

  test("needs a reason; another account is refused", async () => {
    account.publish("2");
    expect((await run("deploy")).code).toBe(2);
    const foreign = trafficOf(account.clients, "999999999999");
    const answer = await inTerminal(["deploy", "--env", "test", "--dry-run", "--json"], {
      cwd,
      env: { PULSEQUEUE_APP: appFile },
      traffic: () => Promise.resolve(foreign),
    });
    expect(answer.error()["code"]).toBe("AWS_ACCOUNT_WRONG");
    expect(account.updates).toEqual([]);
  });
});

describe("rollback", () => {
  const rollBack = (...args: readonly string[]): Promise<Answer> => run("rollback", "--reason", "orders hang", "--by", "ada", "--json", ...args);

  test("goes back to what was live before, also past a version that never was", async () => {
    account.publish("2"); // tried, and rolled back by an alarm
    account.meanwhile = () => (account.alarms = [{ name: "orders-test-x", state: "ALARM" }]);
    await deploy();
    account.meanwhile = () => undefined;
    account.alarms = [{ name: "orders-test-x", state: "OK" }];
    account.publish("3");
    await deploy();
    expect(account.live()).toMatchObject({ version: "3" });
    expect((await rollBack("--dry-run")).code).toBe(0);
    expect(account.live()).toMatchObject({ version: "3" });
    const answer = await rollBack();
    expect(answer.code).toBe(0);
    expect(answer.json()).toMatchObject({ ways: functions.map((name) => ({ name, from: "3", to: "1" })) });
    for (const name of functions) expect(trafficTo(name)).toEqual(["1", {}]);
    expect(account.aliases.get("orders-test-confirm:previous")).toMatchObject({ note: "went back by ada: orders hang" });
    expect((await rollBack()).code).toBe(3);
  });

  test("ends a trial that was cut off", async () => {
    account.publish("2");
    account.meanwhile = () => {
      throw new Error("the machine is gone");
    };
    account.aliases.set("orders-test-confirm:live", { version: "1", weights: { "2": 0.1 } });
    const answer = await rollBack();
    expect(answer.json()).toMatchObject({ ways: [{ name: "orders-test-confirm", from: "2", to: "1" }] });
    expect(trafficTo("orders-test-confirm")).toEqual(["1", {}]);
  });
});
