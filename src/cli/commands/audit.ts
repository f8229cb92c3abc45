import { Command } from "commander";
import type { AuditOptions, VerifyOptions } from "../audit/run-audit.ts";
import { runs, type Session } from "../call.ts";

export function addAudit(program: Command, session: Session): void {
  const audit = new Command("audit")
    .description(
      "check every line of the security document: policies, plans, workflows, documents, and controls that are tried out; exit code 3 where one is not true",
    )
    .option("--infra <path>", "folder of the infrastructure", "infra")
    .option("--statements <file>", "lines of the document that is audited", "docs/security/statements.json")
    .option("--decisions <file>", "waivers and attestations", "audit.json")
    .option("--only <ids>", "these lines only, e.g. I1,D2")
    .option("--sarif <file>", "write SARIF 2.1.0 too")
    .option("--markdown <file>", "write the table as a document too")
    .option("--report <folder>", "write a report too, chained by hash to the one before it, whose age is looked at; with --only it is looked at alone");
  // What it takes (the engine, the door, every check) is loaded by nobody else.
  runs<AuditOptions>(audit, session, async (call) => (await import("../audit/run-audit.ts")).runAudit(call, program));
  const verify = new Command("verify")
    .argument("<folder>", "folder of the reports")
    .description("check that no report of a folder was changed or removed; exit code 3 where one was")
    .option("--head <hash>", "hash of a report that was kept outside: the folder must still hold it");
  runs<VerifyOptions>(verify, session, async (call) => (await import("../audit/run-audit.ts")).verifyReports(call));
  program.addCommand(audit.addCommand(verify));
}
