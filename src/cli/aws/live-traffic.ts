/**
 * Which version of each function has the traffic: by the alias `live`, which a part of the traffic may leave for a candidate, and the alias
 * `previous`, which remembers what was live before.
 */
import { setTimeout as wait } from "node:timers/promises";
import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import {
  CreateAliasCommand,
  GetAliasCommand,
  LambdaClient,
  ListVersionsByFunctionCommand,
  UpdateAliasCommand,
  type AliasConfiguration,
} from "@aws-sdk/client-lambda";
import { PulseQueueError } from "../../core/errors.ts";
import { awsError } from "../../engines/aws/errors.ts";
import type { Environment } from "../../synth/index.ts";

export interface Candidate {
  readonly version: string;
  /** Part of the traffic, above 0 and below 1. */
  readonly weight: number;
}

export interface FunctionTraffic {
  readonly name: string;
  readonly live: string;
  readonly candidate: Candidate | undefined;
  readonly previous: string | undefined;
  readonly newest: string;
  /** SHA-256 of the bundle of each version, as `pulsequeue build` prints it. */
  readonly hashes: ReadonlyMap<string, string>;
}

export interface LiveTraffic {
  /** Throws `AWS_RESOURCE_MISSING` for a function that is not deployed, `AWS_ACCOUNT_WRONG` for one of another account. */
  of(name: string): Promise<FunctionTraffic>;
  /** Gives `version` the traffic, except for what `candidate` gets. */
  route(name: string, version: string, candidate?: Candidate): Promise<void>;
  /** Keeps `version` as what was live before. `note`: who moved the traffic, and why. */
  remember(name: string, version: string, note: string): Promise<void>;
  /** Alarms whose name begins with `prefix`: how many there are, and which are going off. */
  alarms(prefix: string): Promise<{ readonly count: number; readonly ringing: readonly string[] }>;
  wait(milliseconds: number): Promise<void>;
}

export type OpenTraffic = (environment: Environment) => Promise<LiveTraffic>;

/** As much of the clients as is used. */
export interface TrafficClients {
  readonly lambda: Pick<LambdaClient, "send">;
  readonly cloudwatch: Pick<CloudWatchClient, "send">;
}

const live = "live";
const previous = "previous";
/** Longest description that Lambda takes, in characters. */
const longestNote = 256;

export const openTraffic: OpenTraffic = ({ account, region }) =>
  Promise.resolve(trafficOf({ lambda: new LambdaClient({ region }), cloudwatch: new CloudWatchClient({ region }) }, account));

export function trafficOf({ lambda, cloudwatch }: TrafficClients, account: string): LiveTraffic {
  const aliasOf = (name: string, alias: string): Promise<AliasConfiguration> => lambda.send(new GetAliasCommand({ FunctionName: name, Name: alias }));

  /** `undefined` where there is none. */
  const previousOf = async (name: string): Promise<AliasConfiguration | undefined> => {
    try {
      return await aliasOf(name, previous);
    } catch (thrown) {
      if (thrown instanceof Error && thrown.name === "ResourceNotFoundException") return undefined;
      throw thrown;
    }
  };

  const hashesOf = async (name: string): Promise<ReadonlyMap<string, string>> => {
    const hashes = new Map<string, string>();
    let next: string | undefined;
    do {
      const { Versions = [], NextMarker } = await lambda.send(
        new ListVersionsByFunctionCommand({ FunctionName: name, ...(next === undefined ? {} : { Marker: next }) }),
      );
      for (const { Version = "", CodeSha256 = "" } of Versions) if (/^\d+$/.test(Version)) hashes.set(Version, CodeSha256);
      next = NextMarker;
    } while (next !== undefined);
    return hashes;
  };

  return {
    async of(name) {
      return await asking(`Lambda refused to show versions of ${name}`, async () => {
        const [alias, before, hashes] = await Promise.all([aliasOf(name, live), previousOf(name), hashesOf(name)]);
        const found = alias.AliasArn?.split(":")[4];
        if (found !== account)
          throw new PulseQueueError("AWS_ACCOUNT_WRONG", `The environment is in account ${account}, and the credentials are of account ${found ?? "unknown"}`);
        const [candidate] = Object.entries(alias.RoutingConfig?.AdditionalVersionWeights ?? {});
        return {
          name,
          live: alias.FunctionVersion ?? "",
          candidate: candidate === undefined ? undefined : { version: candidate[0], weight: candidate[1] },
          previous: before?.FunctionVersion,
          newest: String(Math.max(0, ...[...hashes.keys()].map(Number))),
          hashes,
        };
      });
    },
    async route(name, version, candidate) {
      const weights = candidate === undefined ? {} : { [candidate.version]: candidate.weight };
      await asking(`Lambda refused to move the traffic of ${name}`, () =>
        lambda.send(new UpdateAliasCommand({ FunctionName: name, Name: live, FunctionVersion: version, RoutingConfig: { AdditionalVersionWeights: weights } })),
      );
    },
    async remember(name, version, note) {
      const input = { FunctionName: name, Name: previous, FunctionVersion: version, Description: note.slice(0, longestNote) };
      await asking(`Lambda refused to remember the version of ${name}`, async () => {
        const known = await previousOf(name);
        await (known === undefined ? lambda.send(new CreateAliasCommand(input)) : lambda.send(new UpdateAliasCommand(input)));
      });
    },
    async alarms(prefix) {
      const found: { readonly name: string; readonly isRinging: boolean }[] = [];
      let next: string | undefined;
      do {
        const command = new DescribeAlarmsCommand({ AlarmNamePrefix: prefix, ...(next === undefined ? {} : { NextToken: next }) });
        const { MetricAlarms = [], NextToken } = await asking("CloudWatch refused to show alarms", () => cloudwatch.send(command));
        found.push(...MetricAlarms.map(({ AlarmName = "", StateValue }) => ({ name: AlarmName, isRinging: StateValue === "ALARM" })));
        next = NextToken;
      } while (next !== undefined);
      return { count: found.length, ringing: found.filter(({ isRinging }) => isRinging).map(({ name }) => name) };
    },
    wait: async (milliseconds) => {
      await wait(milliseconds);
    },
  };
}

async function asking<Result>(what: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (thrown) {
    throw awsError(thrown, what);
  }
}
