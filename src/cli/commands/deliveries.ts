import { Command, Option } from "commander";
import { deliveryStates, type DeliveryState } from "../../core/delivery.ts";
import { group, runsOnQueue, type QueueCall, type Session } from "../call.ts";
import { table } from "../output/table.ts";
import { cut, shortId } from "../output/text.ts";
import { addChoice, addLimit, choiceOf, type ChoiceOptions, type LimitOptions } from "./options.ts";

interface ListOptions extends LimitOptions, ChoiceOptions {
  readonly handler?: string;
  readonly state?: DeliveryState;
  readonly event?: string;
  readonly key?: string;
}

export function addDeliveries(program: Command, session: Session): void {
  const ls = addChoice(addLimit(new Command("ls").description("list deliveries with the reason of their state: why is this not running?")))
    .option("--handler <name>", "only to this handler")
    .addOption(new Option("--state <state>", "only in this state").choices(deliveryStates))
    .option("--event <id>", "only of the event with this id")
    .option("--key <key>", "only of this key");
  runsOnQueue<ListOptions>(ls, session, list);
  program.addCommand(group("deliveries", "events on their way to handlers").addCommand(ls));
}

async function list(call: QueueCall<ListOptions>): Promise<undefined> {
  const { handler, state, event, key, limit } = call.options;
  const deliveries = await call.queue((control) =>
    control.deliveries({
      limit,
      ...choiceOf(call.options),
      ...(handler === undefined ? {} : { handler }),
      ...(state === undefined ? {} : { state }),
      ...(event === undefined ? {} : { eventId: event }),
      ...(key === undefined ? {} : { key }),
    }),
  );
  call.print.result(deliveries, () =>
    deliveries.length === 0
      ? "no deliveries"
      : table(
          deliveries,
          [
            { title: "POSITION", cell: (delivery) => String(delivery.sequence), right: true },
            { title: "HANDLER", cell: (delivery) => delivery.handler },
            { title: "STATE", cell: (delivery) => delivery.state },
            { title: "EVENT", cell: (delivery) => delivery.eventType },
            { title: "KEY", cell: (delivery) => delivery.key ?? "" },
            { title: "EVENT ID", cell: (delivery) => shortId(delivery.eventId) },
            { title: "ATTEMPTS", cell: (delivery) => String(delivery.attempts), right: true },
            { title: "WHY", cell: (delivery) => cut(delivery.reason, 80) },
          ],
          call.print.paint,
        ),
  );
}
