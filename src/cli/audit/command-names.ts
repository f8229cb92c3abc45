import type { Command } from "commander";

/** Every command below this one, e.g. `dlq redrive`. */
export function commandNames(command: Command, before = ""): readonly string[] {
  return command.commands.flatMap((each) => [`${before}${each.name()}`, ...commandNames(each, `${before}${each.name()} `)]);
}
