/**
 * DynamoDB of moto's server in the place of the fake: each request goes to the server, whose answer counts, and to the fake, which has
 * the streams and must come to the same end. Requests go one by one, so that both see the same order; while one is on its way the
 * virtual clock is held, so that nothing else happens meanwhile.
 */
import * as sdk from "@aws-sdk/client-dynamodb";
import type { VirtualClock } from "pulsequeue/testing";
import { never, type Operation, type Service } from "../../src/testing/aws/service/service.ts";

interface Outcome {
  readonly answer?: object;
  readonly error?: Error;
}

export interface Mirror {
  /** For one engine. */
  of(fake: Service, clock: VirtualClock): Service;
  /** Ends the engines so far: what they still ask for is never answered. Where the server and the fake came to different ends. */
  end(): Promise<readonly string[]>;
}

/** `send`: to the server. */
export function mirrorOf(client: Pick<sdk.DynamoDBClient, "send">): Mirror {
  let differences: string[] = [];
  let life = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  return {
    of(fake, clock) {
      const made = new Set<string>();
      const mine = life;
      const ask = async (command: object): Promise<Outcome> => {
        try {
          return { answer: await client.send(command as never) };
        } catch (thrown) {
          return { error: thrown as Error };
        }
      };
      /** Tables are made in the fake by the deployment; the server gets each as it is first named. */
      const makeTable = async (name: string): Promise<void> => {
        if (made.has(name)) return;
        made.add(name);
        const described = (await fake.operations["DescribeTable"]?.run({ TableName: name }, noNote)) as sdk.DescribeTableCommandOutput | undefined;
        const { error } = await ask(new sdk.CreateTableCommand(tableInput(name, described)));
        if (error !== undefined) throw error;
      };
      const mirrored = (name: string, operation: Operation): Operation => ({
        fields: operation.fields,
        run: async (input, note) => {
          if (mine !== life) return await never();
          const release = hold(clock);
          try {
            return await inTurn(async () => {
              if (mine !== life) throw new Error("The engine has ended");
              for (const table of tablesOf(input)) await makeTable(table).catch(() => undefined); // one that the fake does not have either
              const [found, own] = [await ask(commandOf(name, input)), await outcomeOf(() => operation.run(input, note))];
              if (found.error?.name !== own.error?.name)
                differences.push(`${name}: the server ends with ${found.error?.name ?? "an answer"}, the fake with ${own.error?.name ?? "an answer"}`);
              if (found.error !== undefined) throw found.error;
              return found.answer;
            });
          } finally {
            release();
          }
        },
      });
      return { name: fake.name, operations: Object.fromEntries(Object.entries(fake.operations).map(([name, operation]) => [name, mirrored(name, operation)])) };
    },
    async end() {
      life += 1;
      await turn;
      turn = Promise.resolve();
      const found = differences;
      differences = [];
      return found;
    },
  };
}

/** How to make the table that was described. */
export function tableInput(TableName: string, described: Pick<sdk.DescribeTableCommandOutput, "Table"> | undefined): sdk.CreateTableCommandInput {
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes = [] } = described?.Table ?? {};
  const indexes = GlobalSecondaryIndexes.map(({ IndexName, KeySchema: keys, Projection }) => ({ IndexName, KeySchema: keys, Projection }));
  const input = { TableName, KeySchema, AttributeDefinitions, BillingMode: "PAY_PER_REQUEST" as const };
  return { ...input, ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes }) };
}

export const noNote = {
  caller: { function: "", isAlive: () => true, kill: () => undefined },
  access: () => undefined,
  count: () => undefined,
  entryFault: () => undefined,
};

async function outcomeOf(run: () => unknown): Promise<Outcome> {
  try {
    return { answer: (await run()) as object };
  } catch (thrown) {
    return { error: thrown as Error };
  }
}

function commandOf(name: string, input: object): object {
  const Command = (sdk as unknown as Readonly<Record<string, new (input: object) => object>>)[`${name}Command`];
  if (Command === undefined) throw new Error(`The SDK has no command ${name}`);
  return new Command(input);
}

/** Every table that a request names. */
function tablesOf(input: object): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value) as [string, unknown][]) {
      if (key === "TableName" && typeof inner === "string") found.add(inner);
      if (key === "RequestItems" && typeof inner === "object" && inner !== null) for (const name of Object.keys(inner)) found.add(name);
      if (key === "TransactItems" || key === "Put" || key === "Update" || key === "Delete" || key === "ConditionCheck" || /^\d+$/.test(key)) visit(inner);
    }
  };
  visit(input);
  return found;
}

/** How long a turn of the event loop takes meanwhile, milliseconds: a request needs many, and whoever drains the clock counts them. */
const pause = 0.5;
const cell = new Int32Array(new SharedArrayBuffer(4));

/** Keeps something waiting on the clock until it is released: so nobody takes it to be at rest. */
function hold(clock: VirtualClock): () => void {
  let isHeld = true;
  const again = (): void => {
    if (!isHeld) return;
    Atomics.wait(cell, 0, 0, pause);
    clock.soon(again);
  };
  clock.soon(again);
  return () => {
    isHeld = false;
  };
}
