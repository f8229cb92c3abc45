import { Command } from "commander";
import { PulseQueueError } from "../../core/errors.ts";
import type { TraceNode } from "../../core/queue.ts";
import { runsOnQueue, type QueueCall, type Session } from "../call.ts";
import { plural, printable, type Paint } from "../output/text.ts";
import { when } from "../output/time.ts";
import { describeDelivery } from "./describe.ts";
import { findEvent } from "./events.ts";
import { addChoice, choiceOf, type ChoiceOptions } from "./options.ts";

export function addTrace(program: Command, session: Session): void {
  const command = new Command("trace")
    .description("the tree of one flow: its events, who handled them, when, with what effect")
    .argument("<id>", "the flow's correlation id, or the id, short id or journal position of any of its events");
  runsOnQueue<ChoiceOptions>(addChoice(command), session, trace);
  program.addCommand(command);
}

async function trace(call: QueueCall<ChoiceOptions>): Promise<undefined> {
  const [id = ""] = call.args;
  const nodes = await call.queue(async (control) => {
    const choice = choiceOf(call.options);
    const flow = await control.trace({ id, ...choice });
    return flow.length > 0 ? flow : await control.trace({ id: (await findEvent(control, id, choice)).id, ...choice });
  });
  if (nodes.length === 0) throw new PulseQueueError("NOT_FOUND", `There is no flow ${JSON.stringify(id.slice(0, 256))}`);
  call.print.result(nodes, () => render(nodes, call.io.now(), call.print.paint));
}

function render(nodes: readonly TraceNode[], now: number, paint: Paint): string {
  const all = nodes.flatMap(flatten);
  const times = all.map((node) => Date.parse(node.event.time));
  const start = Math.min(...times);
  const ends = all.flatMap((node) => node.deliveries.flatMap((delivery) => (delivery.endedAt === undefined ? [] : [Date.parse(delivery.endedAt)])));
  const length = Math.max(...times, ...ends) - start;
  const deliveries = all.reduce((sum, node) => sum + node.deliveries.length, 0);
  const flow = nodes[0]?.event.correlationId ?? "";
  return [
    `flow ${printable(flow)}`,
    `${plural(all.length, "event")}, ${plural(deliveries, "delivery").replace("deliverys", "deliveries")}, ${String(length)} ms, began ${when(start, now)}`,
    ...nodes.flatMap((node) => branch(node, "", "", { start, now, paint })),
  ].join("\n");
}

function flatten(node: TraceNode): readonly TraceNode[] {
  return [node, ...node.deliveries.flatMap((delivery) => delivery.emitted.flatMap(flatten))];
}

interface Style {
  readonly start: number;
  readonly now: number;
  readonly paint: Paint;
}

function branch({ event, deliveries }: TraceNode, first: string, rest: string, style: Style): readonly string[] {
  const { start, now, paint } = style;
  const key = event.key === undefined ? "" : ` key ${printable(event.key)}`;
  const head = `${first}${paint("bold", event.type)}${key} ${paint("dim", `#${String(event.sequence)} +${String(Date.parse(event.time) - start)} ms`)}`;
  const below = deliveries.flatMap((delivery, index) => {
    const isLast = index === deliveries.length - 1;
    const inner = `${rest}${isLast ? "   " : "│  "}`;
    const line = `${rest}${isLast ? "└─ " : "├─ "}${describeDelivery(delivery, now, paint)}`;
    const { emitted } = delivery;
    return [
      line,
      ...emitted.flatMap((node, at) =>
        branch(node, `${inner}${at === emitted.length - 1 ? "└─ " : "├─ "}`, `${inner}${at === emitted.length - 1 ? "   " : "│  "}`, style),
      ),
    ];
  });
  return [head, ...below];
}
