import { expect, test } from "vitest";
import { virtualClock } from "../../../testing/clock.ts";
import { managedSecrets } from "./secrets.ts";

const names = new Map([["card", "shop-dev/card"]]);

interface Vault {
  value: string | Error;
  asked: string[];
}

function opened(vault: Vault): ReturnType<typeof managedSecrets> & { readonly clock: ReturnType<typeof virtualClock> } {
  const clock = virtualClock();
  const client = {
    send({ input }: { readonly input: { readonly SecretId: string } }) {
      vault.asked.push(input.SecretId);
      return vault.value instanceof Error ? Promise.reject(vault.value) : Promise.resolve({ SecretString: vault.value });
    },
  };
  return { ...managedSecrets({ client, names, clock, random: () => 0 }), clock };
}

const failure = (name: string): Error => Object.assign(new Error(name), { name });

test("a value is asked for once in five minutes, and a rotated one is the new one then", async () => {
  const vault: Vault = { value: "one", asked: [] };
  const { secrets, prepare, clock } = opened(vault);
  await prepare();
  await prepare();
  expect(secrets("card")).toBe("one");
  expect(vault.asked).toEqual(["shop-dev/card"]);
  vault.value = "two";
  clock.advance("5m");
  await prepare();
  expect(secrets("card")).toBe("two");
});

test("a secret without a value is missing", async () => {
  const { secrets, prepare } = opened({ value: failure("ResourceNotFoundException"), asked: [] });
  await prepare();
  expect(secrets("card")).toBeUndefined();
});

test("what cannot be asked for keeps its value; what never had one lets nothing run", async () => {
  const vault: Vault = { value: "one", asked: [] };
  const { secrets, prepare, clock } = opened(vault);
  await prepare();
  vault.value = failure("AccessDeniedException");
  clock.advance("5m");
  await prepare();
  expect(secrets("card")).toBe("one");
  await expect(opened(vault).prepare()).rejects.toMatchObject({ code: "AWS_DENIED" });
});
