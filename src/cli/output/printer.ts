import { mayColour, type Io } from "./io.ts";
import { paint, plainJson, type Paint } from "./text.ts";

/** How a command speaks: results on standard output, everything else on standard error. */
export interface Printer {
  readonly json: boolean;
  readonly paint: Paint;
  /** The result: `value` as one JSON document with `--json`, else `text`. */
  result(value: unknown, text: () => string): void;
  /** One line of a stream: a JSON line with `--json`, else `text`. Resolves when the reader can take more. */
  line(value: unknown, text: () => string): Promise<void>;
  /** A remark for people; silent with `--json`. */
  note(text: string): void;
  /** Runs something long, and shows on standard error how far it is, if that is a terminal. */
  progress<Result>(label: string, work: (report: (done: string) => void) => Promise<Result>): Promise<Result>;
}

export function printer(io: Io, json: boolean): Printer {
  const colours = paint(!json && mayColour(io.stdout, io.env));
  const noteColours = paint(mayColour(io.stderr, io.env));
  const render = (value: unknown, text: () => string, indent: number | undefined): string => (json ? JSON.stringify(value, plainJson, indent) : text());
  return {
    json,
    paint: colours,
    result: (value, text) => void io.stdout.write(`${render(value, text, 2)}\n`),
    line: (value, text) =>
      new Promise((resolve, reject) => {
        io.stdout.write(`${render(value, text, undefined)}\n`, (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    note: (text) => {
      if (!json) io.stderr.write(`${noteColours("dim", text)}\n`);
    },
    progress: async (label, work) => {
      if (json || io.stderr.isTTY !== true) return await work(() => undefined);
      const started = io.now();
      let done = "";
      const show = (): void => void io.stderr.write(`\r\u001b[K${label}… ${done} ${String(Math.round((io.now() - started) / 1000))} s`);
      const timer = setInterval(show, 1000);
      show();
      try {
        return await work((text) => {
          done = text;
          show();
        });
      } finally {
        clearInterval(timer);
        io.stderr.write("\r\u001b[K");
      }
    },
  };
}
