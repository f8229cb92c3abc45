import { lstatSync, statSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { userInfo } from "node:os";
import { PulseQueueError } from "../../core/errors.ts";
import { methods, type Control, type Happening } from "./control.ts";
import { socketPath } from "./socket-path.ts";
import { fromWire, greetingPath, streamPath } from "./wire.ts";

/** How connecting to a socket fails when no engine is behind it, or when the engine dies before it has read the request. */
const nobody: readonly unknown[] = ["ENOENT", "ECONNREFUSED", "ENOTSOCK", "ENOTDIR", "ECONNRESET", "EPIPE"];

/** The engine that holds `file`, or `undefined` when none listens. Throws `STORE_LOCKED` when it is another user's. */
export async function connectControl(file: string): Promise<Control | undefined> {
  const path = socketPath(file);
  try {
    assertOwner(path, file);
    await textOf(await ask(path, "GET", greetingPath));
    return remoteControl(path);
  } catch (thrown) {
    assertAbsent(thrown);
    return undefined;
  }
}

/**
 * What happens in the engine that holds `file`, from journal position `after` on, until that engine ends or `signal` aborts.
 * Answers `undefined` when no engine listens. Throws `STORE_LOCKED` when it is another user's.
 */
export async function openStream(file: string, after: number, signal: AbortSignal): Promise<AsyncIterable<Happening> | undefined> {
  const path = socketPath(file);
  try {
    assertOwner(path, file);
    return happenings(await ask(path, "GET", `${streamPath}?after=${String(after)}`, { signal }));
  } catch (thrown) {
    if (!signal.aborted) assertAbsent(thrown);
    return undefined;
  }
}

/** Throws `STORE_LOCKED` for a socket that neither this user nor the file's owner made: a stranger would get our events. */
function assertOwner(path: string, file: string): void {
  const { uid } = lstatSync(path);
  if (uid !== userInfo().uid && uid !== statSync(file, { throwIfNoEntry: false })?.uid) {
    throw new PulseQueueError("STORE_LOCKED", "The control socket of this file belongs neither to this user nor to the file's owner");
  }
}

/** Throws unless `thrown` says that no engine listens. */
function assertAbsent(thrown: unknown): void {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (nobody.includes(code)) return;
  if (code === "EACCES" || code === "EPERM")
    throw new PulseQueueError("STORE_LOCKED", "The engine that holds this file runs as another user", { cause: thrown });
  throw thrown;
}

function remoteControl(path: string): Control {
  const entries = methods.map((method) => [method, (body: unknown) => call(path, method, body)] as const);
  return Object.fromEntries(entries) as unknown as Control;
}

async function call(path: string, method: string, body: unknown): Promise<unknown> {
  let answer: { readonly result?: unknown; readonly error?: unknown };
  try {
    answer = JSON.parse(await textOf(await ask(path, "POST", `/${method}`, { body: JSON.stringify(body) }))) as typeof answer;
  } catch (cause) {
    throw new PulseQueueError("QUEUE_CLOSED", "The engine ended before it answered: whether it did what was asked is unknown", { cause });
  }
  if (answer.error !== undefined) throw fromWire(answer.error);
  return answer.result;
}

function ask(path: string, method: string, target: string, options: { readonly body?: string; readonly signal?: AbortSignal } = {}): Promise<IncomingMessage> {
  const { body, signal } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { socketPath: path, method, path: target, agent: false, headers: { host: "engine" }, ...(signal === undefined ? {} : { signal }) },
      resolve,
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response as AsyncIterable<string>) text += chunk;
  return text;
}

/** Lines end at a line feed only: JSON text may hold the other separators. */
async function* happenings(response: IncomingMessage): AsyncGenerator<Happening> {
  response.setEncoding("utf8");
  let rest = "";
  try {
    for await (const chunk of response as AsyncIterable<string>) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield JSON.parse(line) as Happening;
    }
  } catch {
    // the engine ended in the middle of a line, or the reader has enough: who connects anew loses nothing
  } finally {
    response.destroy();
  }
}
