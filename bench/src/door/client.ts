/** Clients on loopback with keep-alive: as fast as the server answers, by autocannon, or at a given pace. */
import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import autocannon from "autocannon";
import { CheckFailed } from "../check.ts";

export interface Asked {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A new body for each request. @default none */
  readonly body?: () => string;
  /** Status that every answer must have. */
  readonly expected: number;
  /** Told of each answer's body. @default nobody */
  readonly answered?: (body: string) => void;
}

/** Requests a second that are answered while `connections` ask one after the other. Throws `CheckFailed` for an answer that is not the expected one. */
export async function fastest(
  port: number,
  asked: Asked,
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
): Promise<number> {
  const { method, path, headers, body, expected, answered } = asked;
  const wrong = new Map<number, string>();
  let count = 0;
  let last = 0;
  const started = performance.now();
  const result = await autocannon({
    url: `http://127.0.0.1:${String(port)}`,
    connections,
    duration: seconds,
    requests: [
      {
        method,
        path,
        headers: { ...headers },
        ...(body === undefined ? {} : { setupRequest: (request) => ({ ...request, body: body() }) }),
        onResponse(status, text) {
          count += 1;
          last = performance.now();
          if (status !== expected) wrong.set(status, text);
          else answered?.(text);
        },
      },
    ],
  });
  const [first] = wrong;
  if (first !== undefined) throw new CheckFailed(`${path} was answered with ${String(first[0])}: ${first[1].slice(0, 200)}`);
  if (result.errors > 0) throw new CheckFailed(`${String(result.errors)} requests had no answer`);
  return (count / (last - started)) * 1_000;
}

/**
 * Asks `perSecond` times a second, whether or not the server keeps up, and answers how long each request took, milliseconds, from
 * the moment at which it was due: an answer that waits behind others is not left out of the figures.
 */
export async function paced(
  port: number,
  asked: Asked,
  { connections, perSecond, seconds }: { readonly connections: number; readonly perSecond: number; readonly seconds: number },
): Promise<readonly number[]> {
  const free = await Promise.all(Array.from({ length: connections }, () => openConnection(port)));
  const all = [...free];
  const took: number[] = [];
  const due: number[] = [];
  const running = new Set<Promise<void>>();
  const send = async (connection: Connection, at: number): Promise<void> => {
    await connection.ask(asked);
    took.push(performance.now() - at);
    free.push(connection);
    sendDue();
  };
  const sendDue = (): void => {
    while (due.length > next && free.length > 0) {
      const connection = free.shift(); // in turn: a server closes a connection that is idle for long
      const at = due[next];
      if (connection === undefined || at === undefined) return;
      next += 1;
      const sending = send(connection, at);
      running.add(sending);
      void sending.finally(() => running.delete(sending)).catch(() => undefined);
    }
  };
  let next = 0;
  const started = performance.now();
  const total = Math.floor(perSecond * seconds);
  try {
    while (due.length < total) {
      const now = performance.now();
      for (let at = started + (due.length / perSecond) * 1_000; at <= now && due.length < total; at = started + (due.length / perSecond) * 1_000) due.push(at);
      sendDue();
      await setTimeout(1);
    }
    while (running.size > 0) await Promise.all(running);
  } finally {
    for (const { socket } of all) socket.destroy();
  }
  return took;
}

export interface Connection {
  readonly socket: Socket;
  /** Sends and awaits the answer. Rejects with `CheckFailed` for another status than the expected one. */
  ask(asked: Asked): Promise<string>;
}

export async function openConnection(port: number): Promise<Connection> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  let text = "";
  let settle: { readonly resolve: (answer: string) => void; readonly reject: (error: Error) => void } | undefined;
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
    if (text.length < end + 4 + length) return;
    const answer = text;
    text = "";
    settle?.resolve(answer);
  });
  socket.on("error", (error) => settle?.reject(error));
  socket.on("close", () => settle?.reject(new CheckFailed("the server closed a connection")));
  return {
    socket,
    async ask(asked) {
      const answer = await new Promise<string>((resolve, reject) => {
        settle = { resolve, reject };
        socket.write(requestText(asked));
      });
      settle = undefined;
      const status = Number(answer.slice(9, 12));
      const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
      if (status !== asked.expected) throw new CheckFailed(`${asked.path} was answered with ${String(status)}: ${body.slice(0, 200)}`);
      asked.answered?.(body);
      return body;
    },
  };
}

function requestText({ method, path, headers, body }: Asked): string {
  const content = body?.();
  const all = { host: "127.0.0.1", ...headers, ...(content === undefined ? {} : { "content-length": String(Buffer.byteLength(content)) }) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${content ?? ""}`;
}
