/** Event patterns of rules (EventBridge user guide, "Event patterns"): as much of them as the synthesis writes. */
import { UnsupportedByFake } from "../service/errors.ts";

export type EventPattern = (event: Readonly<Record<string, unknown>>) => boolean;

/** Every field of a pattern must match; of the values in its list, one. */
export function parsePattern(text: string): EventPattern {
  return patternOf(JSON.parse(text) as unknown);
}

function patternOf(pattern: unknown): EventPattern {
  if (!isRecord(pattern)) throw new UnsupportedByFake("an event pattern that is no object");
  const fields = Object.entries(pattern).map(([name, wanted]): EventPattern => {
    if (!Array.isArray(wanted)) {
      const inner = patternOf(wanted);
      return (event) => {
        const value = event[name];
        return isRecord(value) && inner(value);
      };
    }
    const matchers = wanted.map(matcherOf);
    return (event) => matchers.some((matches) => matches(event[name]));
  });
  return (event) => fields.every((matches) => matches(event));
}

function matcherOf(wanted: unknown): (value: unknown) => boolean {
  if (!isRecord(wanted)) return (value) => value === wanted;
  const [[kind, operand] = [], ...others] = Object.entries(wanted);
  if (others.length > 0) throw new UnsupportedByFake("a matcher of several kinds");
  switch (kind) {
    case "prefix":
      return (value) => typeof value === "string" && value.startsWith(String(operand));
    case "exists":
      return (value) => (value !== undefined) === operand;
    case "anything-but": {
      const unwanted = isRecord(operand) ? listOf(operand["prefix"]).map((prefix) => ({ prefix })) : listOf(operand);
      const matchers = unwanted.map(matcherOf);
      return (value) => value !== undefined && !matchers.some((matches) => matches(value));
    }
    default:
      throw new UnsupportedByFake(`the matcher ${String(kind)} of an event pattern`);
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
