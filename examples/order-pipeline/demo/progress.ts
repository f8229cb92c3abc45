/** A progress bar on a terminal; silence in a pipe. */
const width = 30;
/** Milliseconds between two drawings. */
const interval = 80;

export interface ProgressBar {
  show(done: number, text: string): void;
  /** Takes the bar away, so that what follows stands alone. */
  clear(): void;
}

export function progressBar(total: number, out: NodeJS.WriteStream, now: () => number = () => performance.now()): ProgressBar {
  if (!out.isTTY) return { show: () => undefined, clear: () => undefined };
  let drawn = -interval;
  return {
    show(done, text) {
      if (now() - drawn < interval) return;
      drawn = now();
      const filled = Math.round((Math.min(done, total) / total) * width);
      out.write(
        `\r\u001b[2K[${"#".repeat(filled)}${".".repeat(width - filled)}] ${done.toLocaleString("en")} of ${total.toLocaleString("en")} orders  ${text}`,
      );
    },
    clear() {
      out.write("\r\u001b[2K");
    },
  };
}
