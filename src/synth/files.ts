/** The synthesized files: deterministic text, sealed with a hash over all of them, so that an edit by hand or a file left behind is seen. */
import { createHash } from "node:crypto";
import { PulseQueueError } from "../core/errors.ts";
import type { Infrastructure } from "./infrastructure.ts";

/** Text by path, relative to the stack's folder. */
export type Files = ReadonlyMap<string, string>;

export const variablesFile = "topology.auto.tfvars.json";
/** Terraform's JSON syntax: a backend takes no variables. */
export const backendFile = "backend.tf.json";
export const policyFolder = "policies";
export const sealFile = "synthesized.json";

/** What `documents` holds is written beside the variables, e.g. OpenAPI and AsyncAPI. */
export function filesOf({ variables, state, policies }: Infrastructure, documents: Files = new Map()): Files {
  const files = new Map<string, string>([[variablesFile, render(variables)], [backendFile, render(backendOf(state, variables))], ...documents]);
  for (const [name, document] of policies) files.set(`${policyFolder}/${name}.json`, render(document));
  const sorted = new Map([...files].sort(([left], [right]) => (left < right ? -1 : 1)));
  sorted.set(sealFile, render({ note: "Written by `pulsequeue synth`; do not edit.", files: hashesOf(sorted) }));
  return sorted;
}

function backendOf({ bucket, key, kmsKey }: Infrastructure["state"], { environment: { account, region } }: Infrastructure["variables"]): object {
  const s3 = { bucket, key, region, kms_key_id: kmsKey, encrypt: true, use_lockfile: true, allowed_account_ids: [account] };
  return { terraform: { backend: { s3 } } };
}

export interface Drift {
  readonly path: string;
  readonly problem: "missing" | "edited" | "left behind" | "outdated";
}

/** What differs between the files that are there and those that were synthesized: missing, edited, left behind. */
export function driftOf(expected: Files, found: Files): readonly Drift[] {
  const sealed = sealedHashes(found.get(sealFile));
  const paths = [...new Set([...expected.keys(), ...found.keys()])].sort();
  return paths.flatMap((path): readonly Drift[] => {
    const [wanted, there] = [expected.get(path), found.get(path)];
    if (wanted === there) return [];
    if (there === undefined) return [{ path, problem: "missing" }];
    if (wanted === undefined) return [{ path, problem: "left behind" }];
    // What is still as it was sealed was not edited: the declaration has changed since.
    return [{ path, problem: path === sealFile || sealed[path] === hash(there) ? "outdated" : "edited" }];
  });
}

function sealedHashes(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    const files = typeof value === "object" && value !== null && "files" in value ? value.files : undefined;
    return typeof files === "object" && files !== null ? { ...files } : {};
  } catch (cause) {
    throw new PulseQueueError("DEPLOYMENT_INVALID", `${sealFile} is no JSON any more: remove it and synthesize again`, { cause });
  }
}

function hashesOf(files: Files): Readonly<Record<string, string>> {
  return Object.fromEntries([...files].map(([path, text]) => [path, hash(text)]));
}

function hash(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function render(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
