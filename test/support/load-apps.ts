/** Loads every app that the command line names, and prints the errors as JSON by file. */
import { resolve } from "node:path";
import { reportOf, type ErrorReport } from "../../src/cli/exit.ts";
import { loadApp } from "../../src/cli/load/app.ts";

const reports: Record<string, ErrorReport> = {};
for (const file of process.argv.slice(2)) {
  try {
    await loadApp(resolve(file), process.cwd());
  } catch (thrown) {
    reports[file] = reportOf(thrown);
  }
}
process.stdout.write(JSON.stringify(reports));
