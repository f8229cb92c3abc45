import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { runsOnQueue, type QueueCall, type Session } from "../call.ts";
import { CommandError, usageError } from "../exit.ts";
import type { Json } from "../../core/json.ts";
import { parseLength } from "../output/time.ts";

interface EmitOptions {
  readonly id?: string;
  readonly source?: string;
  readonly key?: string;
  readonly delay?: string;
  readonly correlation?: string;
  readonly dryRun?: boolean;
}

export function addEmit(program: Command, session: Session): void {
  const command = new Command("emit")
    .description("publish an event, durably")
    .argument("<event>", "name of a declared event")
    .argument("[data]", "its data: JSON, - for standard input, or @file", "{}")
    .option("--id <id>", "the event's id: the same source and id are stored once")
    .option("--source <uri>", "who publishes (default: the app's name)")
    .option("--key <key>", "ordering key (default: what the event's declaration computes)")
    .option("--delay <length>", "deliver it not before this long from now, e.g. 15m")
    .option("--correlation <id>", "the flow it belongs to (default: its own id)")
    .option("--dry-run", "check it against the schema, and store nothing");
  runsOnQueue<EmitOptions>(command, session, emit);
  program.addCommand(command);
}

async function emit(call: QueueCall<EmitOptions>): Promise<undefined> {
  const [event = "", data = "{}"] = call.args;
  const { id, source, key, delay, correlation, dryRun } = call.options;
  const request = {
    event,
    data: parseJson(await readText(call, data), data),
    dryRun: dryRun === true,
    ...(id === undefined ? {} : { id }),
    ...(source === undefined ? {} : { source }),
    ...(key === undefined ? {} : { key }),
    ...(delay === undefined ? {} : { delay: parseLength("--delay", delay) }),
    ...(correlation === undefined ? {} : { correlationId: correlation }),
  };
  const receipt = await call.queue((control) => control.publish(request), "create");
  call.print.result(request.dryRun ? { ...receipt, id: id ?? null, dryRun: true } : receipt, () => {
    if (request.dryRun) return receipt.duplicate ? `valid, but ${event} ${receipt.id} is stored already` : `valid: ${event} would be stored`;
    return receipt.duplicate ? `duplicate: ${event} ${receipt.id} was stored before, nothing was stored now` : `stored: ${event} ${receipt.id}`;
  });
}

async function readText({ io }: QueueCall, data: string): Promise<string> {
  if (data === "-") {
    let text = "";
    for await (const chunk of io.stdin) text += String(chunk);
    return text;
  }
  if (!data.startsWith("@")) return data;
  try {
    return readFileSync(resolve(io.cwd, data.slice(1)), "utf8");
  } catch {
    throw new CommandError("FILE_MISSING", `The file ${data.slice(1)} cannot be read`, "Give @ and the path of a readable file of JSON.");
  }
}

function parseJson(text: string, argument: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (thrown) {
    const where = argument === "-" ? "Standard input" : argument.startsWith("@") ? `The file ${argument.slice(1)}` : "The data";
    throw usageError(
      `${where} is not JSON: ${thrown instanceof Error ? thrown.message : ""}`,
      `Quote it for the shell: pulsequeue emit order.placed '{"orderId":"o-1"}'`,
    );
  }
}
