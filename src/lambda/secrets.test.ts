import { GetSecretValueCommand, ResourceNotFoundException, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, expect, test, vi, type MockInstance } from "vitest";
import type { Secrets } from "./secret-source.ts";
import { openSecrets } from "./secrets.ts";

let value: string | Error = "one";
let asked: (string | undefined)[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  asked = [];
  value = "one";
  vi.stubEnv("AWS_REGION", "eu-central-1");
  const send = vi.spyOn(SecretsManagerClient.prototype, "send") as unknown as MockInstance<(command: object) => Promise<object>>;
  send.mockImplementation((command) => {
    asked.push(command instanceof GetSecretValueCommand ? command.input.SecretId : undefined);
    return value instanceof Error ? Promise.reject(value) : Promise.resolve({ SecretString: value });
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

const opened = (): Secrets => openSecrets({ secrets: new Map([["card", "shop-dev/card"]]) }, ["card"]);
const later = (): void => void vi.setSystemTime(Date.now() + 301_000);

test("a value is asked for once in five minutes, and a rotated one is the new one then", async () => {
  const { secret, prepare } = opened();
  await prepare();
  await prepare();
  expect(secret("card")).toBe("one");
  expect(asked).toEqual(["shop-dev/card"]);
  value = "two";
  later();
  await prepare();
  expect(secret("card")).toBe("two");
});

test("a secret without a value is missing, until it has one", async () => {
  const { secret, prepare } = opened();
  value = new ResourceNotFoundException({ message: "no", $metadata: {} });
  await prepare();
  expect(secret("card")).toBeUndefined();
  value = "one";
  await prepare();
  expect(secret("card")).toBe("one");
});

test("what cannot be asked for keeps its value; what never had one lets nothing run", async () => {
  const { secret, prepare } = opened();
  await prepare();
  value = Object.assign(new Error("no"), { name: "AccessDeniedException" });
  later();
  await prepare();
  expect(secret("card")).toBe("one");
  await expect(opened().prepare()).rejects.toMatchObject({ code: "AWS_DENIED" });
});
