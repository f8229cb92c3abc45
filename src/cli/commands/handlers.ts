import { Command } from "commander";
import type { HandlerView } from "../../core/queue.ts";
import { group, runsOnQueue, type QueueCall, type Session } from "../call.ts";
import { table, type Column } from "../output/table.ts";
import { age } from "../output/time.ts";
import { actOf, addAct, printAct, type ActOptions } from "./options.ts";

export function addHandlers(program: Command, session: Session): void {
  const handlers = group("handlers", "the app's handlers and what waits for them");
  const ls = new Command("ls").description("list handlers with their deliveries by state");
  const pause = addAct(
    new Command("pause").description("start no more deliveries of a handler; events are still accepted for it").argument("<handler>", "its name"),
  );
  const resume = addAct(new Command("resume").description("let a paused handler go on").argument("<handler>", "its name"));
  runsOnQueue(ls, session, list);
  runsOnQueue<ActOptions>(pause, session, (call) => perform(call, "pause"));
  runsOnQueue<ActOptions>(resume, session, (call) => perform(call, "resume"));
  program.addCommand(handlers.addCommand(ls).addCommand(pause).addCommand(resume));
}

const count = (state: keyof HandlerView["counts"]): Column<HandlerView> => ({
  title: state.toUpperCase(),
  cell: (handler) => String(handler.counts[state]),
  right: true,
});

async function list(call: QueueCall): Promise<undefined> {
  const handlers = await call.queue((control) => control.handlers({}));
  call.print.result(handlers, () =>
    handlers.length === 0
      ? "no handlers"
      : table(
          handlers,
          [
            { title: "HANDLER", cell: (handler) => handler.name },
            { title: "STATE", cell: (handler) => (handler.paused ? `paused: ${handler.pauseReason ?? ""}` : "on") },
            count("ready"),
            count("running"),
            count("retrying"),
            count("parked"),
            count("scheduled"),
            count("dead"),
            { title: "OLDEST", cell: (handler) => (handler.oldestReady === undefined ? "" : age(handler.oldestReady)), right: true },
            { title: "EVENTS", cell: (handler) => handler.events.join(", ") },
          ],
          call.print.paint,
        ),
  );
}

async function perform(call: QueueCall<ActOptions>, verb: "pause" | "resume"): Promise<undefined> {
  const [handler = ""] = call.args;
  const options = actOf(call);
  const result = await call.queue((control) => control[verb]({ handler, ...options }));
  printAct(call, result, `${verb}d`, result.count === 0 ? `nothing, ${handler} is ${verb === "pause" ? "paused" : "on"} already` : handler);
}
