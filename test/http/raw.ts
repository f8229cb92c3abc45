/** Bytes to a socket, and what comes back until it is closed. */
import { connect } from "node:net";

export interface RawAnswer {
  /** Status of the first answer; 0 where there was none. */
  readonly status: number;
  readonly text: string;
}

export interface RawOptions {
  /** Parts that are sent one after another with a pause of so many milliseconds. @default everything at once */
  readonly pause?: number;
  /** Whether this side ends after sending. @default true */
  readonly end?: boolean;
}

/** Sends `parts` and reads until the other side closes. */
export function raw(port: number, parts: readonly (string | Buffer)[], { pause = 0, end = true }: RawOptions = {}): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("end", () => socket.end());
    socket.on("error", () => undefined);
    socket.on("close", () => {
      const text = Buffer.concat(chunks).toString("latin1");
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text });
    });
    const send = (index: number): void => {
      const part = parts[index];
      if (part === undefined) {
        if (end) socket.end();
        return;
      }
      if (!socket.writable) return;
      socket.write(part);
      if (pause > 0) setTimeout(() => send(index + 1), pause);
      else send(index + 1);
    };
    send(0);
  });
}
