/** Secrets that stand in a file. Forms of known issuers are found by their shape, others by a telling name beside a value that looks random. */
import type { Finding } from "./finding.ts";

interface Shape {
  readonly what: string;
  readonly pattern: RegExp;
}

const shapes: readonly Shape[] = [
  { what: "an AWS access key", pattern: /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/ },
  { what: "a private key", pattern: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*(?:\\n)?[A-Za-z\d+/]{40}/ },
  { what: "a GitHub token", pattern: /\b(?:gh[oprsu]_[A-Za-z\d]{36}|github_pat_\w{60,})/ },
  { what: "an npm token", pattern: /\bnpm_[A-Za-z\d]{36}\b/ },
  { what: "a Slack token", pattern: /\bxox[abprs]-[\w-]{20,}/ },
  { what: "a live key of a payment provider", pattern: /\b[rs]k_live_[A-Za-z\d]{20,}/ },
  { what: "a Google key", pattern: /\bAIza[\w-]{35}\b/ },
  { what: "a signing secret of webhooks", pattern: /\bwhsec_[A-Za-z\d+/]{32,}/ },
  { what: "an API key of a queue", pattern: /\bpq_[A-Za-z\d]{6,32}_[\w-]{40,}/ },
  { what: "a signed token", pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/ },
  { what: "a password in an address", pattern: /\b[a-z]+:\/\/[^\s:/@"'`$<>{}]+:[^\s:/@"'`$<>{}]{8,}@[a-z\d.-]+/i },
];

/** `password = "…"`, `"apiKey": "…"`, `TOKEN=…`. */
const assignment =
  /(?:secret|passwo?r?d|token|api[_-]?key|credential|private[_-]?key|access[_-]?key)[\w-]{0,20}["'`]?\s*[:=]\s*["'`]?(?<value>[\w+/=-]{20,200})["'`]?(?=[\s,;)}\]]|$)/gi;

/** Bits per character from which on a value looks random: words and names stay below, 20 random letters and digits are above. */
const randomFrom = 3.7;

export function secretFindings(path: string, text: string): readonly Finding[] {
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    const at = `${path}:${String(index + 1)}`;
    // A key stands below its heading.
    const shown = line.includes("PRIVATE KEY-----") ? `${line}\n${lines[index + 1] ?? ""}` : line;
    const known = shapes.filter(({ pattern }) => pattern.test(shown)).map(({ what }) => ({ at, problem: what }));
    if (known.length > 0) return known;
    const isRandom = [...line.matchAll(assignment)].some(({ groups }) => looksRandom(groups?.["value"] ?? ""));
    return isRandom ? [{ at, problem: "a value that looks random beside a name that tells of a secret" }] : [];
  });
}

function looksRandom(value: string): boolean {
  return /\d/.test(value) && /[A-Za-z]/.test(value) && !/^(?:sha\d+-|arn:)/.test(value) && entropyOf(value) >= randomFrom;
}

function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return -[...counts.values()].reduce((sum, count) => sum + (count / text.length) * Math.log2(count / text.length), 0);
}
