/** The app as a graph: what publishes, handles, reads and writes what. */
import type { App } from "../core/app.ts";
import type { GrantSet } from "../core/grants.ts";

export interface GraphNode {
  readonly id: string;
  readonly kind: "endpoint" | "schedule" | "event" | "handler" | "table";
  readonly name: string;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: "emits" | "handles" | "reads" | "writes";
}

export interface Graph {
  readonly app: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export function graphOf({ name, topology }: App): Graph {
  const isShown = (event: string): boolean => !event.startsWith("pulsequeue.");
  const actors: readonly {
    readonly kind: "endpoint" | "schedule" | "handler";
    readonly name: string;
    readonly on: readonly string[];
    readonly grants: GrantSet;
  }[] = [
    ...[...topology.endpoints.values()].map((endpoint) => ({ kind: "endpoint" as const, name: endpoint.name, on: [], grants: endpoint.grants })),
    ...[...topology.handlers.values()].map((handler) => ({
      kind: topology.schedules.has(handler.name) ? ("schedule" as const) : ("handler" as const),
      name: handler.name,
      on: handler.on.map((event) => event.name).filter(isShown),
      grants: handler.grants,
    })),
  ];
  const nodes: readonly GraphNode[] = [
    ...actors.map(({ kind, name: actor }) => ({ id: idOf(kind, actor), kind, name: actor })),
    ...[...topology.events.keys()].filter(isShown).map((event) => ({ id: idOf("event", event), kind: "event" as const, name: event })),
    ...[...topology.tables.keys()].map((table) => ({ id: idOf("table", table), kind: "table" as const, name: table })),
  ];
  const edges: readonly GraphEdge[] = actors.flatMap(({ kind, name: actor, on, grants }) => {
    const id = idOf(kind, actor);
    const written = new Set(grants.writes.map((table) => table.name));
    return [
      ...on.map((event) => ({ from: idOf("event", event), to: id, kind: "handles" as const })),
      ...grants.emits.map((event) => ({ from: id, to: idOf("event", event.name), kind: "emits" as const })),
      ...grants.writes.map((table) => ({ from: id, to: idOf("table", table.name), kind: "writes" as const })),
      ...grants.reads.filter((table) => !written.has(table.name)).map((table) => ({ from: idOf("table", table.name), to: id, kind: "reads" as const })),
    ];
  });
  return { app: name, nodes, edges };
}

/** Distinct for distinct names: what Mermaid does not allow in an id is written as its code. */
function idOf(kind: string, name: string): string {
  return `${kind}_${name.replaceAll(/[^A-Za-z0-9]/g, (sign) => `_${sign.charCodeAt(0).toString(16)}_`)}`;
}

const shapes = {
  endpoint: ["[/", "/]"],
  schedule: ["((", "))"],
  event: ["([", "])"],
  handler: ["[", "]"],
  table: ["[(", ")]"],
} as const;
const arrows = { emits: "-->", handles: "-->", writes: "==>", reads: "-.->" } as const;

/** The graph as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html). */
export function mermaid({ nodes, edges }: Graph): string {
  const lines = [
    ...nodes.map(({ id, kind, name }) => `  ${id}${shapes[kind][0]}"${name}"${shapes[kind][1]}`),
    ...edges.map(({ from, to, kind }) => `  ${from} ${arrows[kind]} ${to}`),
  ];
  return ["flowchart LR", ...lines].join("\n");
}
