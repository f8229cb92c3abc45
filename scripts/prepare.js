// Builds dist after an install, so that `npx pulsequeue` works in a fresh clone. Types are not checked here: that is what
// `npm run typecheck` is for, and an install must not depend on it. Without dev dependencies there is no compiler: what was
// built before stays as it is.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";

const require = createRequire(import.meta.url);

function compiler() {
  try {
    return require.resolve("typescript/bin/tsc");
  } catch {
    return undefined;
  }
}

const tsc = compiler();
if (tsc === undefined) {
  if (!existsSync("dist")) process.stderr.write("pulsequeue: dist was not built, since the dev dependencies are not installed\n");
} else {
  const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--noCheck"], { stdio: "inherit" });
  if (status === 0 && existsSync("dist/cli/main.js")) chmodSync("dist/cli/main.js", 0o755);
  process.exitCode = status ?? 1;
}
