// Checks what `npm pack` would publish, as a user gets it: packs, unpacks into an empty project, imports every entry, compiles
// against its types, runs the command, and looks at the list of files.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const root = process.cwd();
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const project = mkdtempSync(join(tmpdir(), "pulsequeue-package-"));
let passed = 0;
let failed = 0;

function check(what, run) {
  try {
    run();
    passed += 1;
    process.stdout.write(`ok      ${what}\n`);
  } catch (error) {
    failed += 1;
    process.stdout.write(`FAILED  ${what}\n${String(error.stdout ?? "")}${String(error.stderr ?? error.message)}\n`);
  }
}

function assert(condition, message) {
  if (!condition) throw new Error(message);
}

const run = (command, ...args) => execFileSync(command, args, { cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** Lays the packed package and its dependencies into `project`, as an install would. */
function install() {
  const packed = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
  const { filename, files } = packed[0];
  mkdirSync(join(project, "node_modules"));
  run("tar", "-xzf", filename);
  cpSync(join(project, "package"), join(project, "node_modules", manifest.name), { recursive: true });
  link((name) => !isOptional(name));
  return files.map((file) => file.path);
}

function link(isWanted) {
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!name.startsWith(".") && isWanted(name)) symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name));
  }
}

/** Folders of packages that a user may not have: optional peers, what AWS's clients are made of, and types that only our own build has. */
const optional = new Set(["@types", "@smithy", "@aws", ...Object.keys(manifest.peerDependencies).map((name) => name.split("/")[0])]);

function isOptional(name) {
  return optional.has(name);
}

const entries = Object.keys(manifest.exports)
  .filter((entry) => typeof manifest.exports[entry] === "object")
  .map((entry) => manifest.name + entry.slice(1));

/** What needs AWS's clients, whose own types need Node's. */
const awsEntries = new Set(["aws", "lambda"].map((name) => `${manifest.name}/${name}`));

function checkEntries(some, packages, types = []) {
  for (const entry of some) {
    check(`${entry} can be imported (${packages})`, () => {
      const names = run(process.execPath, "-e", `import(${JSON.stringify(entry)}).then((module) => console.log(Object.keys(module).length))`);
      assert(Number(names) > 0, "it exports nothing");
    });
  }
  const lines = some.map((entry, index) => `import * as entry${index} from "${entry}";\nvoid entry${index};`);
  for (const [module, resolution] of [
    ["NodeNext", "NodeNext"],
    ["ESNext", "Bundler"],
  ]) {
    check(`a user's program compiles against its types (${packages}, ${resolution}, library checks on)`, () => {
      writeFileSync(join(project, "program.ts"), `${lines.join("\n")}\n`);
      const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "ES2023", "--lib", "ES2023,DOM,DOM.AsyncIterable", ...types];
      run(process.execPath, join(root, "node_modules/typescript/bin/tsc"), ...options, "--module", module, "--moduleResolution", resolution, "program.ts");
    });
  }
}

try {
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  const files = install();

  check("every target of exports and bin is in the package", () => {
    const targets = [
      ...Object.values(manifest.exports).flatMap((target) => (typeof target === "string" ? [target] : [target.types, target.default])),
      ...Object.values(manifest.bin),
    ];
    for (const target of targets) assert(files.includes(target.replace("./", "")), `${target} is missing`);
  });
  check("licence, readme and changelog are in the package", () => {
    for (const name of ["LICENSE", "README.md", "CHANGELOG.md", "package.json"]) assert(files.includes(name), `${name} is missing`);
  });
  check("no test, no test tool's file and no database is in the package", () => {
    const strangers = files.filter(
      (path) => /\.test\.|\.test-d\.|\.db$|\.log$|^(?:src|test|bench|scripts|\.ci)\//.test(path) && !path.startsWith("templates/"),
    );
    assert(strangers.length === 0, strangers.join("\n"));
  });
  checkEntries(
    entries.filter((entry) => !awsEntries.has(entry)),
    "no optional package there",
  );
  for (const [name, target] of Object.entries(manifest.bin)) {
    check(`the command ${name} prints its version`, () => {
      const version = run(process.execPath, join("node_modules", manifest.name, target), "--version").trim();
      assert(version === manifest.version, `it printed ${version}`);
    });
  }
  check("init makes an app that passes its own test, and that the command runs as TypeScript", () => {
    const command = [join(project, "node_modules", manifest.name, manifest.bin.pulsequeue)];
    const shop = join(project, "shop");
    run(process.execPath, ...command, "init", "shop");
    symlinkSync(join(project, "node_modules"), join(shop, "node_modules"));
    const inShop = (program, ...args) => execFileSync(program, args, { cwd: shop, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    assert(/# pass [1-9]\d*\n# fail 0/.test(inShop("npm", "test")), "its test does not pass");
    inShop(process.execPath, ...command, "emit", "order.placed", '{"orderId":"o-1","total":4200}');
    assert(JSON.parse(inShop(process.execPath, ...command, "events", "ls", "--json")).length === 1, "the event is not there");
  });
  link(isOptional);
  checkEntries(entries, "AWS's clients and Node's types there", ["--types", "node"]);
} finally {
  rmSync(project, { recursive: true, force: true });
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
