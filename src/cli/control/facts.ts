import type { LocalFacts } from "../../engines/local/index.ts";

/** What the process that holds the file knows of itself and of the file. */
export interface Facts extends LocalFacts {
  readonly app: string;
  readonly pid: number;
  /** Whether handlers run in that process. */
  readonly live: boolean;
}
