/** AWS that answers at once, and counts: what remains is the time of whoever asks. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";

type Item = Readonly<Record<string, AttributeValue>>;

interface Command {
  readonly input: object;
}

export interface FakeAws {
  /** Requests to DynamoDB so far. */
  dynamodbRequests: number;
  /** What was put on the bus: the messages that a rule makes of it. */
  readonly messages: string[];
  /** Items that were put, by table. */
  readonly items: ReadonlyMap<string, readonly Item[]>;
  send(command: Command): Promise<object>;
}

export function fakeAws(): FakeAws {
  const items = new Map<string, Item[]>();
  const put = (table: string, item: Item): void => {
    const known = items.get(table) ?? [];
    known.push(item);
    items.set(table, known);
  };
  const answer = (command: Command): object => {
    switch (command.constructor.name) {
      case "TransactWriteItemsCommand": {
        const { TransactItems: writes } = command.input as {
          readonly TransactItems: readonly { readonly Put?: { readonly TableName: string; readonly Item: Item } }[];
        };
        for (const { Put } of writes) if (Put !== undefined) put(Put.TableName, Put.Item);
        return {};
      }
      case "PutItemCommand": {
        const { TableName, Item } = command.input as { readonly TableName: string; readonly Item: Item };
        put(TableName, Item);
        return {};
      }
      case "PutEventsCommand": {
        const { Entries } = command.input as { readonly Entries: readonly { readonly Source: string; readonly DetailType: string; readonly Detail: string }[] };
        for (const { Source: source, DetailType: type, Detail } of Entries)
          fake.messages.push(JSON.stringify({ version: "0", "detail-type": type, source, detail: JSON.parse(Detail) as unknown }));
        return { FailedEntryCount: 0, Entries: Entries.map((_entry, index) => ({ EventId: String(index) })) };
      }
      default:
        return {};
    }
  };
  const fake: FakeAws = {
    dynamodbRequests: 0,
    messages: [],
    items,
    send(command) {
      if (command.constructor.name !== "PutEventsCommand") fake.dynamodbRequests += 1;
      return Promise.resolve(answer(command));
    },
  };
  return fake;
}
