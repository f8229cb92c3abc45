import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetParameterCommand, ParameterNotFound, SSMClient } from "@aws-sdk/client-ssm";
import { afterEach, beforeEach, expect, test, vi, type MockInstance } from "vitest";
import { defineApp, defineEvent, defineHandler, defineSecret } from "pulsequeue";
import { isPulseQueueError } from "../core/errors.ts";
import { shape } from "../testing/contract/fixtures.ts";
import { openBoth, openParameters } from "./parameters.ts";
import { createTelemetry } from "./telemetry.ts";

const value = "the carrier's own";
let answer: string | Error = value;
let asked: object[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  [answer, asked] = [value, []];
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("PULSEQUEUE_ENVIRONMENT", "dev");
  const mock = (prototype: object, answered: (command: object) => object): void => {
    const send = vi.spyOn(prototype as SSMClient, "send") as unknown as MockInstance<(command: object) => Promise<object>>;
    send.mockImplementation((command) => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answered(command))));
  };
  mock(SSMClient.prototype, (command) => {
    if (command instanceof GetParameterCommand) asked.push(command.input);
    return { Parameter: { Value: answer, Type: "SecureString" } };
  });
  mock(SecretsManagerClient.prototype, (command) => {
    if (command instanceof GetSecretValueCommand) asked.push(command.input);
    return { SecretString: "managed" };
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

const deployment = {
  secrets: new Map([
    ["card", "shop-dev/card"],
    ["pin", "shop-dev/pin"],
  ]),
};
const denied = (): Error => Object.assign(new Error(`is not authorized to perform: ssm:GetParameter ${value}`), { name: "AccessDeniedException" });
const later = (): void => void vi.setSystemTime(Date.now() + 301_000);

test("a parameter is asked for by its own name, decrypted, once in five minutes; a rotated one is the new one then", async () => {
  const { secret, prepare } = openParameters(deployment, ["card"]);
  await prepare();
  await prepare();
  expect(secret("card")).toBe(value);
  expect(asked).toEqual([{ Name: "/shop-dev/card", WithDecryption: true }]);
  answer = "two";
  later();
  await prepare();
  expect(secret("card")).toBe("two");
});

test("a parameter that is not there is missing until it is", async () => {
  const { secret, prepare } = openParameters(deployment, ["card"]);
  answer = new ParameterNotFound({ message: "no", $metadata: {} });
  await prepare();
  expect(secret("card")).toBeUndefined();
  answer = value;
  await prepare();
  expect(secret("card")).toBe(value);
});

test("a denied parameter keeps the value it had; what never had one lets nothing run, and says which one, the code and the way out", async () => {
  const { secret, prepare } = openParameters(deployment, ["card"]);
  await prepare();
  answer = denied();
  later();
  await prepare();
  expect(secret("card")).toBe(value);

  const error: unknown = await openParameters(deployment, ["card"])
    .prepare()
    .catch((thrown: unknown) => thrown);
  if (!isPulseQueueError(error)) throw error;
  expect([error.code, error.message]).toEqual(["AWS_DENIED", "Parameter Store refused the value of card: AccessDeniedException"]);
  expect(error.fix).toContain("pulsequeue iam diff");
});

test("a function with secrets in both stores asks each for its own, and says no value aloud", async () => {
  const { secret, prepare } = openBoth(["pin"])(deployment, ["card", "pin"]);
  await prepare();
  expect([secret("card"), secret("pin")]).toEqual(["managed", value]);
  expect(asked).toEqual([{ SecretId: "shop-dev/card" }, { Name: "/shop-dev/pin", WithDecryption: true }]);

  const placed = defineEvent("placed", { schema: shape({ id: "string" }) });
  const app = defineApp("shop", { handlers: [defineHandler("ship", { on: placed, secrets: [defineSecret("pin")], handle: () => undefined })] });
  const written: string[] = [];
  const writes = vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  createTelemetry(app, secret).observe({ type: "log", level: "info", message: `sent ${value}`, fields: { value } });
  writes.mockRestore();
  expect(written.join("")).toContain("sent [secret]");
  expect(written.join("")).not.toContain(value);
});
