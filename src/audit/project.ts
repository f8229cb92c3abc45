/** What is audited, as data: a project is loaded once, and every check is a pure function of it. */
import type { App } from "../core/app.ts";
import type { Deployment } from "../core/deployment.ts";
import type { Environment, Files, Infrastructure } from "../synth/index.ts";
import type { Outcome } from "./experiment.ts";
import type { Infra } from "./infra/resource.ts";

/** One line of the audited document, with who answers for it. */
export interface Statement {
  readonly id: string;
  readonly section: string;
  /** The whole line, letter by letter. */
  readonly text: string;
  /** Who answers for it, and when they last read it, `2026-11-30`. */
  readonly owner: string;
  readonly reviewed: string;
}

/** What a command said. */
export interface CommandResult {
  readonly command: string;
  readonly exitCode: number;
  readonly output: string;
}

/** One environment: what the declaration gives, and what is committed. */
export interface StackData {
  readonly name: string;
  /** Path in the repository. */
  readonly folder: string;
  readonly environment: Environment;
  readonly deployment: Deployment;
  readonly infrastructure: Infrastructure;
  readonly expected: Files;
  readonly found: Files;
  /** What Terraform would make for the app, and what an administrator makes once in its account. */
  readonly infra: Infra;
  readonly account: Infra;
}

/** Reports that are chained by hash. */
export interface Reports {
  /** As it was named. */
  readonly folder: string;
  readonly count: number;
  /** ISO 8601 of the last one. */
  readonly last: string | null;
  /** Reports that were changed, or that are missing. */
  readonly problems: readonly string[];
}

export interface Project {
  readonly app: App;
  readonly stacks: readonly StackData[];
  /** Text of every file of the repository that is text, by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Parsed workflows, by path. */
  readonly workflows: ReadonlyMap<string, unknown>;
  /** What the project's own tools said, by name: `eslint`, `tsconfig`, `history`. */
  readonly tools: ReadonlyMap<string, CommandResult>;
  /** Every command of the command line, e.g. `dlq redrive`. */
  readonly commands: readonly string[];
  /** What the engine tells about itself: names of metrics with their labels. */
  readonly metrics: ReadonlyMap<string, readonly string[]>;
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** The audits before this one; `undefined` where nobody said where their reports are. */
  readonly reports: Reports | undefined;
  readonly statements: readonly Statement[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The text of a file; empty where there is none. */
export function textOf(project: Project, path: string): string {
  return project.files.get(path) ?? "";
}

/** JSON of a file, `undefined` where it is none. */
export function jsonOf(project: Project, path: string): unknown {
  try {
    return JSON.parse(textOf(project, path));
  } catch {
    return undefined;
  }
}

/** The member of an object that was parsed; `undefined` for anything else. */
export function member(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const name of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}

export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

/** Paths of files that match, in order. */
export function pathsOf(project: Project, pattern: RegExp): readonly string[] {
  return [...project.files.keys()].filter((path) => pattern.test(path)).sort();
}

/** The line, from 1, on which a text first appears; `undefined` where it does not. */
export function lineOf(text: string, search: string | RegExp): number | undefined {
  const at = typeof search === "string" ? text.indexOf(search) : text.search(search);
  return at < 0 ? undefined : text.slice(0, at).split("\n").length;
}

export const day = 86_400_000;
