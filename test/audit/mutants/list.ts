/** The planted faults by the check that finds them, as docs/security/mutants.json has them. */
import { mutants } from "./index.ts";

export function mutantList(): string {
  const ids = [...new Set(mutants.map(({ check }) => check))];
  const list = Object.fromEntries(ids.map((id) => [id, mutants.filter(({ check }) => check === id).map(({ name }) => name)]));
  return `${JSON.stringify(list, undefined, 2)}\n`;
}
