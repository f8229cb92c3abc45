import { Command } from "commander";
import { group, runs, type Call, type Session } from "../call.ts";
import { table } from "../output/table.ts";
import { cut } from "../output/text.ts";
import { when } from "../output/time.ts";
import { addLimit, type LimitOptions } from "./options.ts";

export function addOperations(program: Command, session: Session): void {
  const ls = addLimit(new Command("ls").description("list what operators did, when and why, the newest first"));
  runs<LimitOptions>(ls, session, list);
  program.addCommand(group("operations", "the record of operators' acts").addCommand(ls));
}

async function list(call: Call<LimitOptions>): Promise<undefined> {
  const now = call.io.now();
  const operations = await call.queue((control) => control.operations({ limit: call.options.limit }));
  call.print.result(operations, () =>
    operations.length === 0
      ? "no operations"
      : table(
          operations,
          [
            { title: "TIME", cell: (operation) => when(operation.time, now) },
            { title: "BY", cell: (operation) => operation.by },
            { title: "ACTION", cell: (operation) => operation.action },
            { title: "SUBJECT", cell: (operation) => cut(operation.subject, 60) },
            { title: "COUNT", cell: (operation) => String(operation.count), right: true },
            { title: "REASON", cell: (operation) => cut(operation.reason, 80) },
          ],
          call.print.paint,
        ),
  );
}
