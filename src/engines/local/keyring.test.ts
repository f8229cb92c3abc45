import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openKeyring } from "./keyring.ts";
import { masterKeyFromCommand, masterKeyFromFile } from "./master-key.ts";
import { openVault } from "./vault.ts";

const master = Buffer.alloc(32, 1);
const next = Buffer.alloc(32, 2);

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pulsequeue-keyring-"));
  path = join(folder, "keyring");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const refused = expect.objectContaining({ code: "KEY_MISSING" }) as unknown;

describe("a keyring", () => {
  test("gives each person one key, the app another, and the same ones after it was opened again", () => {
    const ring = openKeyring(path, master);
    const [ada, bob, app] = [ring.keyOf("ada"), ring.keyOf("bob"), ring.keyOf(undefined)];
    expect(new Set([ada, bob, app].map(({ key }) => key.toString("hex"))).size).toBe(3);
    expect(ring.keyOf("ada")).toBe(ada);
    ring.flush();
    const again = openKeyring(path, master);
    expect([again.keyOf("ada"), again.keyOf("bob"), again.keyOf(undefined)]).toEqual([ada, bob, app]);
    expect(again.id).toBe(ring.id);
  });

  test("holds neither keys nor names of persons in the clear, and is for this user only", () => {
    const ring = openKeyring(path, master);
    const { key } = ring.keyOf("ada@example.org");
    ring.flush();
    const text = readFileSync(path, "latin1");
    expect(text).not.toContain("ada");
    for (const form of ["hex", "base64", "base64url", "latin1"] as const) expect(text).not.toContain(key.toString(form));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("is refused with another master key, and where it is no keyring", () => {
    openKeyring(path, master).flush();
    expect(() => openKeyring(path, next)).toThrow(refused);
    writeFileSync(path, "{}\n");
    expect(() => openKeyring(path, master)).toThrow(refused);
    writeFileSync(path, "what\n");
    expect(() => openKeyring(path, master)).toThrow(refused);
  });

  test("a line that a crash cut short is dropped, and what comes after it is whole", () => {
    const ring = openKeyring(path, master);
    const ada = ring.keyOf("ada");
    ring.flush();
    ring.close();
    appendFileSync(path, '{"id":"x","of":"');
    const again = openKeyring(path, master);
    again.keyOf("bob");
    again.flush();
    expect(openKeyring(path, master).keyOf("ada").id).toBe(ada.id);
    expect(openKeyring(path, master).has("bob")).toBe(true);
  });

  test("a destroyed key is gone from the file and stays known as destroyed; a new one has another id", () => {
    const ring = openKeyring(path, master);
    const ada = ring.keyOf("ada");
    ring.flush();
    const wrapped = /"key":"(?<key>[^"]+)"/.exec(readFileSync(path, "utf8"))?.groups?.["key"] ?? "none";
    expect(ring.erase("ada")).toBe(true);
    expect(readFileSync(path, "utf8")).not.toContain(wrapped);
    expect(ring.byId(ada.id)).toBe("erased");
    expect(openKeyring(path, master).byId(ada.id)).toBe("erased");
    expect(ring.erase("ada")).toBe(false);
    expect(ring.keyOf("ada").id).not.toBe(ada.id);
  });

  test("a key that was never made durable can be destroyed too", () => {
    const ring = openKeyring(path, master);
    const ada = ring.keyOf("ada");
    expect(ring.erase("ada")).toBe(true);
    ring.flush();
    expect(openKeyring(path, master).byId(ada.id)).toBe("erased");
  });

  test("where the file cannot be exchanged, nothing is destroyed and nothing rotated", () => {
    const ring = openKeyring(path, master);
    const ada = ring.keyOf("ada");
    ring.flush();
    mkdirSync(`${path}-next`); // in the way of the new file
    expect(() => ring.erase("ada")).toThrow();
    expect(() => {
      ring.rewrap(next);
    }).toThrow();
    expect(ring.byId(ada.id)).toEqual(ada);
    rmSync(`${path}-next`, { recursive: true });
    ring.keyOf("bob");
    ring.flush();
    expect(openKeyring(path, master).byId(ada.id)).toEqual({ id: ada.id, key: ada.key });
    expect(openKeyring(path, master).has("bob")).toBe(true);
  });

  test("another master key takes over every key, and the old one opens nothing any more", () => {
    const ring = openKeyring(path, master);
    const ada = ring.keyOf("ada");
    ring.keyOf("eve");
    ring.erase("eve");
    ring.rewrap(next);
    const bob = ring.keyOf("bob");
    ring.flush();
    expect(existsSync(`${path}-next`)).toBe(false);
    const again = openKeyring(path, next);
    expect([again.byId(ada.id), again.byId(bob.id), again.has("eve")]).toEqual([ada, bob, false]);
    expect(() => openKeyring(path, master)).toThrow(refused);
  });
});

describe("a seal", () => {
  const vault = (): ReturnType<typeof openVault> => openVault(":memory:", { masterKey: master });

  test("opens at its own place only, and equal data of one person at one place gives equal text", () => {
    const { seal, open } = vault();
    const token = seal('"ada"', "event:a:email", "ada");
    expect(open(token, "event:a:email")).toBe('"ada"');
    expect(() => open(token, "event:a:name")).toThrow(refused);
    expect(seal('"ada"', "event:a:email", "ada")).toBe(token);
    expect(seal('"ada"', "event:a:email", "bob")).not.toBe(token);
    expect(seal('"ada"', "event:a:name", "ada")).not.toBe(token);
    // A nonce that two different places or texts share would give the key away.
    const nonce = (text: string): string =>
      Buffer.from(text.split(".")[1] ?? "", "base64url")
        .subarray(0, 12)
        .toString("hex");
    const others = [seal('"adb"', "event:a:email", "ada"), seal('"ada"', "event:a:name", "ada"), seal('"ada"', "event:b:email", "ada")];
    expect(new Set([token, ...others].map(nonce)).size).toBe(4);
  });

  test("a flipped bit anywhere is found", () => {
    const { seal, open } = vault();
    const token = seal('"ada"', "p", "ada");
    const [id = "", text = ""] = token.split(".");
    const bytes = Buffer.from(text, "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(() => open(`${id}.${flipped.toString("base64url")}`, "p")).toThrow(refused);
    }
  });

  test("what is sealed beside another uses its key, and the app's once that is destroyed", () => {
    const { seal, sealBeside, open, keyring } = vault();
    const token = seal('"ada"', "p", "ada");
    const beside = sealBeside('"more"', "q", token);
    expect(open(beside, "q")).toBe('"more"');
    keyring.erase("ada");
    expect(open(token, "p")).toBeUndefined();
    expect(open(beside, "q")).toBeUndefined();
    expect(open(sealBeside('"more"', "q", token), "q")).toBe('"more"');
  });
});

describe("a master key", () => {
  const invalid = expect.objectContaining({ code: "KEY_FILE_INVALID" }) as unknown;
  const file = (text: string, mode = 0o600): string => {
    const key = join(folder, "key");
    writeFileSync(key, text);
    chmodSync(key, mode);
    return key;
  };

  test.each([
    ["hexadecimal digits", `${master.toString("hex")}\n`],
    ["base64", master.toString("base64")],
    ["base64url", master.toString("base64url")],
  ])("is read from a file as %s", (_form, text) => {
    expect(Buffer.from(masterKeyFromFile(file(text)))).toEqual(master);
  });

  test.each(["", "short", "00".repeat(31), "00".repeat(33), "z".repeat(64)])("%j is refused, and not repeated", (text) => {
    expect(() => masterKeyFromFile(file(text))).toThrow(invalid);
  });

  test.each([0o640, 0o604, 0o644, 0o660, 0o610])("a file of mode %o is refused", (mode) => {
    expect(() => masterKeyFromFile(file(master.toString("hex"), mode))).toThrow(invalid);
  });

  test("a file that is not there is refused", () => {
    expect(() => masterKeyFromFile(join(folder, "nothing"))).toThrow(invalid);
  });

  test("is what a command prints; one that fails or prints something else is refused without its output", () => {
    expect(Buffer.from(masterKeyFromCommand(`echo ${master.toString("hex")}`))).toEqual(master);
    expect(() => masterKeyFromCommand("echo secret-output; exit 1")).toThrow(invalid);
    expect(() => masterKeyFromCommand("echo secret-output")).toThrow(expect.objectContaining({ message: expect.not.stringContaining("secret") as unknown }));
  });
});
