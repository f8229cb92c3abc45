import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { environmentSecret } from "./secrets.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pulsequeue-secrets-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(text: string, mode: number): string {
  const path = join(folder, "secret");
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe("environmentSecret", () => {
  test("a value, a reference to a variable and a reference to a file", () => {
    const path = file("from a file\n", 0o600);
    const env = {
      PULSEQUEUE_SECRET_STRIPE_KEY: "the value",
      PULSEQUEUE_SECRET_OTHER: "env:ELSEWHERE",
      ELSEWHERE: "from elsewhere",
      PULSEQUEUE_SECRET_FILED: `file:${path}`,
    };
    expect(environmentSecret("stripe-key", env)).toBe("the value");
    expect(environmentSecret("other", env)).toBe("from elsewhere");
    expect(environmentSecret("filed", env)).toBe("from a file");
  });

  test("a secret that is rotated in its file is the new one at the next call", () => {
    const env = { PULSEQUEUE_SECRET_KEY: `file:${file("one", 0o600)}` };
    expect(environmentSecret("key", env)).toBe("one");
    file("two", 0o600);
    expect(environmentSecret("key", env)).toBe("two");
  });

  test.each(["", "env:NOWHERE", "env:EMPTY", "file:/does/not/exist"])("%j is no value", (reference) => {
    expect(environmentSecret("key", { PULSEQUEUE_SECRET_KEY: reference, EMPTY: "" })).toBeUndefined();
  });

  test.each([0o604, 0o644, 0o620, 0o666, 0o601])("a file of mode %o is refused, without its path or value", (mode) => {
    const path = file("hidden-value", mode);
    const read = (): unknown => environmentSecret("key", { PULSEQUEUE_SECRET_KEY: `file:${path}` });
    expect(read).toThrow(expect.objectContaining({ code: "SECRET_MISSING", message: expect.not.stringContaining(folder) as unknown }));
    expect(read).toThrow(expect.objectContaining({ message: expect.not.stringContaining("hidden-value") as unknown }));
  });

  test.each([0o400, 0o600, 0o440, 0o640])("a file of mode %o is read", (mode) => {
    expect(environmentSecret("key", { PULSEQUEUE_SECRET_KEY: `file:${file("value", mode)}` })).toBe("value");
  });
});
