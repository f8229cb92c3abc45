/** `CreateTable`, `DescribeTable`, `UpdateTimeToLive`: what a set-up through the SDK needs. */
import type {
  AttributeDefinition,
  CreateTableCommandInput,
  CreateTableCommandOutput,
  DescribeTableCommandInput,
  DescribeTableCommandOutput,
  KeySchemaElement,
  Projection,
  TableDescription,
  UpdateTimeToLiveCommandInput,
  UpdateTimeToLiveCommandOutput,
} from "@aws-sdk/client-dynamodb";
import { AwsError, UnsupportedByFake, validation } from "../service/errors.ts";
import { operation, type Operation } from "../service/service.ts";
import { tableOf, type Tables } from "./check.ts";
import type { IndexSpec, KeyAttribute, KeySchema, Table, TableSpec } from "./table.ts";

export function adminOperations(tables: Tables, create: (spec: TableSpec) => Table): Readonly<Record<string, Operation>> {
  return {
    CreateTable: operation<CreateTableCommandInput, CreateTableCommandOutput>(
      ["TableName", "KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "StreamSpecification", "SSESpecification", "Tags"],
      (input, note) => {
        const spec = specOf(input);
        if (tables.has(spec.name)) throw new AwsError("ResourceInUseException", `Table already exists: ${spec.name}`);
        const table = create(spec);
        note.access("dynamodb:CreateTable", table.arn);
        return { TableDescription: describe(table) };
      },
    ),
    DescribeTable: operation<DescribeTableCommandInput, DescribeTableCommandOutput>(["TableName"], ({ TableName: name }, note) => {
      const table = tableOf(tables, name);
      note.access("dynamodb:DescribeTable", table.arn);
      return { Table: describe(table) };
    }),
    UpdateTimeToLive: operation<UpdateTimeToLiveCommandInput, UpdateTimeToLiveCommandOutput>(["TableName", "TimeToLiveSpecification"], (input, note) => {
      const table = tableOf(tables, input.TableName);
      note.access("dynamodb:UpdateTimeToLive", table.arn);
      if (input.TimeToLiveSpecification?.AttributeName !== table.spec.ttl) throw new UnsupportedByFake("another time-to-live than the table was made with");
      return { TimeToLiveSpecification: input.TimeToLiveSpecification };
    }),
  };
}

function specOf(input: CreateTableCommandInput): TableSpec {
  const attribute = (name: string | undefined): KeyAttribute => {
    const type = input.AttributeDefinitions?.find((definition) => definition.AttributeName === name)?.AttributeType;
    if (name === undefined || type === undefined) throw validation("One or more parameter values were invalid: Some index key attributes are not defined");
    if (type !== "S" && type !== "N") throw new UnsupportedByFake(`a key of type ${type}`);
    return { name, type };
  };
  const keysOf = (schema: readonly KeySchemaElement[] = []): KeySchema => {
    const range = schema.find(({ KeyType: type }) => type === "RANGE");
    return {
      hash: attribute(schema.find(({ KeyType: type }) => type === "HASH")?.AttributeName),
      range: range === undefined ? undefined : attribute(range.AttributeName),
    };
  };
  const indexes = (input.GlobalSecondaryIndexes ?? []).map(({ IndexName: name = "", KeySchema: schema, Projection: kept }): IndexSpec => ({
    name,
    ...keysOf(schema),
    projection: projected(kept),
  }));
  const view = input.StreamSpecification?.StreamEnabled === true ? input.StreamSpecification.StreamViewType : undefined;
  return { name: input.TableName ?? "", ...keysOf(input.KeySchema), indexes, stream: view };
}

function projected(projection: Projection | undefined): "ALL" | readonly string[] {
  return projection?.ProjectionType === "ALL" ? "ALL" : (projection?.NonKeyAttributes ?? []);
}

function describe({ spec, arn, stream, all }: Table): TableDescription {
  const schema = ({ hash, range }: KeySchema): KeySchemaElement[] => [
    { AttributeName: hash.name, KeyType: "HASH" },
    ...(range === undefined ? [] : [{ AttributeName: range.name, KeyType: "RANGE" as const }]),
  ];
  return {
    TableName: spec.name,
    TableArn: arn,
    TableStatus: "ACTIVE",
    KeySchema: schema(spec),
    AttributeDefinitions: attributesOf(spec),
    ItemCount: all().length,
    GlobalSecondaryIndexes: (spec.indexes ?? []).map((index) => ({
      IndexName: index.name,
      IndexStatus: "ACTIVE",
      KeySchema: schema(index),
      Projection: projectionOf(index),
    })),
    ...(stream === undefined ? {} : { LatestStreamArn: stream.arn, StreamSpecification: { StreamEnabled: true, StreamViewType: stream.view } }),
  };
}

/** Attributes of all keys, each once. */
function attributesOf(spec: TableSpec): AttributeDefinition[] {
  const keys = [spec, ...(spec.indexes ?? [])].flatMap(({ hash, range }) => [hash, ...(range === undefined ? [] : [range])]);
  return [...new Map(keys.map(({ name, type }) => [name, { AttributeName: name, AttributeType: type }])).values()];
}

function projectionOf({ projection }: IndexSpec): Projection {
  if (projection === "ALL") return { ProjectionType: "ALL" };
  return projection.length === 0 ? { ProjectionType: "KEYS_ONLY" } : { ProjectionType: "INCLUDE", NonKeyAttributes: [...projection] };
}
