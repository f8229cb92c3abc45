import type { Database } from "better-sqlite3";
import { checksum, checkSum } from "../checksum.ts";

/** The result of a step and where it stands. */
export type StepRow = readonly [handler: number, seq: number, run: number, name: string, result: string];
/** The answer of a request. */
export type AnswerRow = readonly [request: string, fingerprint: string, answer: string, time: number];

/** Statements that exchange what is stored for the same, sealed. What is read is checked: it throws `STORE_CORRUPT`. */
export interface SealingStatements {
  event(seq: number, data: string, previous: string, hash: string): void;
  /** The steps after one, in an order of their own. */
  steps(after: StepRow | undefined, limit: number): readonly StepRow[];
  step(row: StepRow): void;
  answers(after: AnswerRow | undefined, limit: number): readonly AnswerRow[];
  answer(row: AnswerRow): void;
}

export function sealingStatements(db: Database): SealingStatements {
  const event = db.prepare("UPDATE events SET data = ?, previous = ?, hash = ? WHERE seq = ?");
  const steps = db
    .prepare(
      `SELECT handler, seq, run, name, result, sum FROM steps WHERE (handler, seq, run, name) > (?, ?, ?, ?)
       ORDER BY handler, seq, run, name LIMIT ?`,
    )
    .raw();
  const step = db.prepare("UPDATE steps SET result = ?, sum = ? WHERE handler = ? AND seq = ? AND run = ? AND name = ?");
  const answers = db.prepare("SELECT request, fingerprint, answer, time, sum FROM answers WHERE request > ? ORDER BY request LIMIT ?").raw();
  const answer = db.prepare("UPDATE answers SET answer = ?, sum = ? WHERE request = ?");
  return {
    event: (seq, data, previous, hash) => void event.run(data, previous, hash, seq),
    steps(after, limit) {
      const [handler = -1, seq = -1, run = -1, name = ""] = after ?? [];
      const found = steps.all(handler, seq, run, name, limit) as unknown as (readonly [...StepRow, sum: number])[];
      return found.map(([inHandler, at, inRun, called, result, sum]) => {
        checkSum("steps", sum, inHandler, at, inRun, called, result);
        return [inHandler, at, inRun, called, result];
      });
    },
    step: (row) => void step.run(row[4], checksum(...row), ...row.slice(0, 4)),
    answers(after, limit) {
      const found = answers.all(after?.[0] ?? "", limit) as unknown as (readonly [...AnswerRow, sum: number])[];
      return found.map(([request, fingerprint, text, time, sum]) => {
        checkSum("answers", sum, request, fingerprint, text, time);
        return [request, fingerprint, text, time];
      });
    },
    answer: (row) => void answer.run(row[2], checksum(...row), row[0]),
  };
}
