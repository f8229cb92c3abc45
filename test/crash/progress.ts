/** A progress bar on a terminal; silence in a pipe. */
const width = 30;

export interface ProgressBar {
  show(done: number, text: string): void;
  /** Takes the bar away, so that what follows stands alone. */
  clear(): void;
}

export function progressBar(total: number, out: NodeJS.WriteStream): ProgressBar {
  if (!out.isTTY) return { show: () => undefined, clear: () => undefined };
  return {
    show(done, text) {
      const filled = Math.round((done / total) * width);
      out.write(`\r\u001b[2K[${"#".repeat(filled)}${".".repeat(width - filled)}] ${String(done)} of ${String(total)} ${text}`);
    },
    clear() {
      out.write("\r\u001b[2K");
    },
  };
}
