/** The tables of a deployment in the fake DynamoDB. */
import type { Deployment } from "../../src/core/deployment.ts";
import type { Topology } from "../../src/core/topology.ts";
import type { FakeAws } from "../../src/testing/aws/fake-aws.ts";

interface Attribute {
  readonly name: string;
  readonly type: "S" | "N";
}

export function createTables({ dynamodb }: FakeAws, deployment: Deployment, topology: Topology): void {
  const text = (name: string): Attribute => ({ name, type: "S" });
  const key = { hash: text("p"), range: text("s") };
  const sorted = (name: string, hash: string): { name: string; hash: Attribute; range: Attribute; projection: "ALL" } => ({
    name,
    hash: text(hash),
    range: { name: "q", type: "N" },
    projection: "ALL",
  });
  dynamodb.create({ ...key, name: deployment.journal, indexes: [sorted("time", "tb"), sorted("flow", "c")], stream: "NEW_IMAGE" });
  dynamodb.create({ ...key, name: deployment.deliveries, indexes: [sorted("open", "o")], stream: "NEW_IMAGE", ttl: "ttl" });
  dynamodb.create({ ...key, name: deployment.system });
  for (const [name, table] of topology.tables) {
    const indexes = [...table.indexFields.keys()].map((index) => ({ name: index, hash: text(`x_${index}`), range: text(`y_${index}`), projection: [] }));
    dynamodb.create({ ...key, name: deployment.tables.get(name) ?? name, indexes });
  }
}
