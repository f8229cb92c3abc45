import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const readme = readFileSync("README.md", "utf8");
const scripts = (JSON.parse(readFileSync("package.json", "utf8")) as { readonly scripts: Readonly<Record<string, string>> }).scripts;

describe("the README", () => {
  it.each(["templates/app/app.ts", "templates/app/app.test.ts"])("shows %s as it is", (file) => {
    expect(readme).toContain(`\`\`\`ts\n${readFileSync(file, "utf8")}\`\`\``);
  });

  it("names only npm scripts that exist", () => {
    const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] ?? "");
    expect(named).not.toHaveLength(0);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(["test", "start"]));
  });
});
