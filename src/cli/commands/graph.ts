import { Command } from "commander";
import { runs, type Call, type Session } from "../call.ts";
import { graphOf, mermaid } from "../graph.ts";
import { loadApp } from "../load/app.ts";

export function addGraph(program: Command, session: Session): void {
  const command = new Command("graph").description("the app as a Mermaid flowchart: events, handlers, tables; nodes and edges with --json");
  runs(command, session, graph);
  program.addCommand(command);
}

async function graph(call: Call): Promise<undefined> {
  const { app: path } = await call.settings();
  const result = graphOf(await loadApp(path, call.io.cwd));
  call.print.result(result, () => mermaid(result));
}
