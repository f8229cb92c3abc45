/** A stand-in for S3 on loopback, as far as Terraform's state needs it: objects, and writes that are refused where there is one already. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface StateStore {
  readonly url: string;
  /** Paths of what it holds, `/<bucket>/<key>`. */
  readonly keys: () => readonly string[];
  readonly close: () => Promise<void>;
}

/** `account`: whose credentials every caller is taken to have. */
export async function openStateStore(account: string): Promise<StateStore> {
  const objects = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      answer(request, Buffer.concat(chunks), response, objects, account);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    keys: () => [...objects.keys()],
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function identity(account: string): string {
  const fields = `<Arn>arn:aws:iam::${account}:user/audit</Arn><UserId>audit</UserId><Account>${account}</Account>`;
  return `<GetCallerIdentityResponse><GetCallerIdentityResult>${fields}</GetCallerIdentityResult></GetCallerIdentityResponse>`;
}

/** Amazon's answers: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html (If-None-Match) and its neighbours. */
function answer(request: IncomingMessage, body: Buffer, response: ServerResponse, objects: Map<string, Buffer>, account: string): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const found = objects.get(pathname);
  const send = (status: number, content: string | Buffer = ""): void => {
    response.writeHead(status, { "content-type": "application/xml", "content-length": Buffer.byteLength(content), etag: '"1"' });
    response.end(request.method === "HEAD" ? undefined : content);
  };
  const refuse = (status: number, code: string): void => {
    send(status, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
  };
  if (pathname === "/") send(200, identity(account));
  else if (searchParams.has("list-type")) send(200, "<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>");
  else if (request.method === "PUT" && request.headers["if-none-match"] === "*" && found !== undefined) refuse(412, "PreconditionFailed");
  else if (request.method === "PUT") {
    objects.set(pathname, body);
    send(200);
  } else if (request.method === "DELETE") {
    objects.delete(pathname);
    send(204);
  } else if (found === undefined) refuse(404, "NoSuchKey");
  else send(200, found);
}
