/**
 * Lambda around one function, as far as its runtime client sees it: the Runtime API
 * (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html), a process with the variables that Lambda gives, its deadline.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** What Lambda is told of an error. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
}

/** How an invocation, or a start, ended. */
export type End =
  | { readonly end: "ready" }
  | { readonly end: "answer"; readonly answer: unknown }
  | { readonly end: "error" | "init-error"; readonly error: FunctionError }
  /** The answer was larger than Lambda takes. */
  | { readonly end: "refused"; readonly bytes: number }
  /** Killed at its deadline. */
  | { readonly end: "timeout" }
  | { readonly end: "exit"; readonly signal: NodeJS.Signals | null; readonly code: number | null };

export interface RunningFunction {
  readonly pid: number | undefined;
  /** Resolves when it asks for its first event, or could not start. */
  readonly started: Promise<End>;
  /** At most one at a time, as on Lambda. */
  invoke(event: unknown, milliseconds?: number): Promise<End>;
  signal(signal: NodeJS.Signals): Promise<End>;
  /** What it wrote. */
  output(): string;
  stop(): Promise<void>;
}

export interface FunctionOptions {
  /** AWS's runtime client. */
  readonly client: string;
  /** Holds `index.mjs` and nothing else. */
  readonly folder: string;
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Bytes of an answer: 6 MB, and what Lambda allows beyond. */
const largestAnswer = 6_291_556;
const version = "/2018-06-01/runtime";

export async function startFunction(options: FunctionOptions): Promise<RunningFunction> {
  const api = new RuntimeApi();
  const address = await api.listen();
  return new OneFunction(options, api, address);
}

class RuntimeApi {
  readonly #server: Server;
  /** Where the next event goes. */
  #asked: (response: ServerResponse) => void = () => undefined;
  #next: Promise<ServerResponse>;
  #count = 0;
  #settle: (end: End) => void = () => undefined;
  /** How what is asked for now ends. */
  ended: Promise<End>;

  constructor() {
    this.ended = this.#expect();
    this.#next = this.#expectNext();
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  #expect(): Promise<End> {
    return new Promise((resolve) => (this.#settle = resolve));
  }

  #expectNext(): Promise<ServerResponse> {
    return new Promise((resolve) => (this.#asked = resolve));
  }

  end(end: End): void {
    this.#settle(end);
  }

  /** Hands an event to the function as soon as it asks for one. */
  async give(event: unknown, name: string, milliseconds: number): Promise<End> {
    const response = await this.#next;
    this.#next = this.#expectNext();
    this.#count += 1;
    const id = `00000000-0000-4000-8000-${String(this.#count).padStart(12, "0")}`;
    this.ended = this.#expect();
    response
      .writeHead(200, {
        "content-type": "application/json",
        "lambda-runtime-aws-request-id": id,
        "lambda-runtime-deadline-ms": String(Date.now() + milliseconds),
        "lambda-runtime-invoked-function-arn": `arn:aws:lambda:eu-central-1:123456789012:function:${name}`,
        "lambda-runtime-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
      })
      .end(JSON.stringify(event));
    return await this.ended;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    if (path === `${version}/invocation/next`) {
      if (this.#count === 0) this.end({ end: "ready" });
      this.#asked(response);
      return;
    }
    const body = await text(request);
    const bytes = Buffer.byteLength(body);
    const isTooLarge = path.endsWith("/response") && bytes > largestAnswer;
    response.writeHead(isTooLarge ? 413 : 202, { "content-type": "application/json" }).end('{"status":"OK"}');
    if (isTooLarge) this.end({ end: "refused", bytes });
    else if (path.endsWith("/response")) this.end({ end: "answer", answer: JSON.parse(body === "" ? "null" : body) });
    else this.end({ end: path.endsWith("/init/error") ? "init-error" : "error", error: JSON.parse(body) as FunctionError });
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

class OneFunction implements RunningFunction {
  readonly started: Promise<End>;
  readonly #child: ChildProcess;
  readonly #api: RuntimeApi;
  readonly #name: string;
  readonly #exited: Promise<End>;
  #output = "";

  constructor({ client, folder, name, env }: FunctionOptions, api: RuntimeApi, address: string) {
    this.#api = api;
    this.#name = name;
    this.#child = spawn(process.execPath, [client, "index.handler"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        AWS_LAMBDA_RUNTIME_API: address,
        LAMBDA_TASK_ROOT: folder,
        _HANDLER: "index.handler",
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
        AWS_LAMBDA_LOG_STREAM_NAME: "1",
        AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
        AWS_REGION: "eu-central-1",
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        AWS_SESSION_TOKEN: "test",
        ...env,
      },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on("data", (data: Buffer) => (this.#output += data.toString()));
    this.#exited = new Promise((resolve) => {
      this.#child.on("exit", (code, signal) => {
        const end: End = { end: "exit", code, signal };
        api.end(end);
        resolve(end);
      });
    });
    this.started = api.ended;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async invoke(event: unknown, milliseconds = 60_000): Promise<End> {
    const deadline = setTimeout(() => {
      this.#api.end({ end: "timeout" });
      this.#child.kill("SIGKILL");
    }, milliseconds);
    const ended = await this.#api.give(event, this.#name, milliseconds);
    clearTimeout(deadline);
    return ended;
  }

  signal(signal: NodeJS.Signals): Promise<End> {
    this.#child.kill(signal);
    return this.#exited;
  }

  output(): string {
    return this.#output;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.signal("SIGKILL");
    this.#api.close();
  }
}
