import { existsSync, readFileSync } from "node:fs";
import { CommandError } from "../exit.ts";
import { replaceFile } from "../write-files.ts";
import type { Contract } from "./contract.ts";

/** The contract's file, next to package.json. */
export const contractName = "pulsequeue.contract.json";

/** The committed contract, or `undefined` when there is no file. Throws `CONTRACT_UNREADABLE`. */
export function readContract(path: string): Contract | undefined {
  if (!existsSync(path)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (thrown) {
    throw unreadable(thrown instanceof Error ? thrown.message : "it cannot be read");
  }
  if (!isContract(value)) throw unreadable("it is no contract, or one of a newer version");
  return value;
}

export function writeContract(path: string, contract: Contract): void {
  replaceFile(path, textOf(contract));
}

export function textOf(contract: Contract): string {
  return `${JSON.stringify(contract, undefined, 2)}\n`;
}

function isContract(value: unknown): value is Contract {
  return isObject(value) && value["contract"] === 1 && isObject(value["events"]) && isObject(value["tables"]);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unreadable(reason: string): CommandError {
  return new CommandError(
    "CONTRACT_UNREADABLE",
    `The contract cannot be used: ${reason}`,
    `Restore ${contractName} from version control; \`pulsequeue schema snapshot\` writes it.`,
  );
}
