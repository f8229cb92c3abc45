import { createPrivateKey, createPublicKey, sign, verify as verifySignature } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { headText, type LedgerEntry, type LedgerHead } from "../../core/ledger.ts";
import { group, runsOnQueue, type QueueCall, type Session } from "../call.ts";
import { CommandError, exit, type ExitCode } from "../exit.ts";
import { shown } from "../load/locate.ts";
import { table } from "../output/table.ts";
import { cut, plural } from "../output/text.ts";
import { when } from "../output/time.ts";
import { addLimit, type LimitOptions } from "./options.ts";

/** A head with an Ed25519 signature: kept outside, it tells later whether the ledger was rewritten. */
interface SignedHead extends LedgerHead {
  /** The public key, PEM. Compare it with the one that you know: anybody can sign with a key of their own. */
  readonly publicKey: string;
  readonly signature: string;
}

export function addLedger(program: Command, session: Session): void {
  const ledger = group("ledger", "the audit ledger: who did what, to what, when and why");
  const ls = addLimit(new Command("ls").description("list entries, the newest first"))
    .option("--by <who>", "only of this principal, operator or address")
    .option("--action <action>", "only of this action, e.g. pause");
  const check = new Command("verify")
    .description("check the chain and its end; exit code 3 where something is wrong")
    .option("--head <file>", "a head that `ledger head --sign` exported: the ledger must still hold it")
    .option("--public-key <file>", "the public key that must have signed the head, PEM (default: the one in the head's file)");
  const head = new Command("head")
    .description("the last entry's position and hash, to be kept outside")
    .option("--sign <key-file>", "sign it with this Ed25519 private key, PEM");
  runsOnQueue<LimitOptions & FilterOptions>(ls, session, list);
  runsOnQueue<VerifyOptions>(check, session, verify);
  runsOnQueue<HeadOptions>(head, session, showHead);
  program.addCommand(ledger.addCommand(ls).addCommand(check).addCommand(head));
}

interface FilterOptions {
  readonly by?: string;
  readonly action?: LedgerEntry["action"];
}

async function list(call: QueueCall<LimitOptions & FilterOptions>): Promise<undefined> {
  const now = call.io.now();
  const { by, action, limit } = call.options;
  const entries = await call.queue((control) => control.ledger({ limit, ...(by === undefined ? {} : { by }), ...(action === undefined ? {} : { action }) }));
  call.print.result(entries, () =>
    entries.length === 0
      ? "no entries"
      : table(
          entries,
          [
            { title: "POSITION", cell: (entry) => String(entry.sequence), right: true },
            { title: "TIME", cell: (entry) => when(entry.time, now) },
            { title: "BY", cell: (entry) => entry.by },
            { title: "ACTION", cell: (entry) => entry.action },
            { title: "RESULT", cell: (entry) => entry.result },
            { title: "SUBJECT", cell: (entry) => cut(entry.subject, 60) },
            { title: "DETAIL", cell: (entry) => counts(entry) },
            { title: "REASON", cell: (entry) => cut(entry.reason, 80) },
          ],
          call.print.paint,
        ),
  );
}

function counts({ detail }: LedgerEntry): string {
  return Object.entries(detail)
    .map(([name, count]) => `${name} ${String(count)}`)
    .join(", ");
}

interface VerifyOptions {
  readonly head?: string;
  readonly publicKey?: string;
}

async function verify(call: QueueCall<VerifyOptions>): Promise<ExitCode> {
  const { head: path, publicKey } = call.options;
  const head = path === undefined ? undefined : readHead(call, path);
  const key = publicKey === undefined ? head?.publicKey : readFile(call, publicKey);
  const isSigned = head === undefined || key === undefined || isSignatureOf(head, key);
  const report = await call.queue((control) => control.ledgerVerify(head === undefined ? {} : { head }));
  const forged = { position: 0, message: "the head's signature is not that of the public key" };
  const problems = isSigned ? report.problems : [forged, ...report.problems];
  const result = { ...report, ok: problems.length === 0, problems };
  call.print.result(result, () =>
    result.ok
      ? `intact: ${plural(result.entries, "record")}, chain unbroken${head === undefined ? "" : `, holds the head at position ${String(head.sequence)}`}`
      : [
          `${call.print.paint("red", "damaged")}: ${plural(problems.length, "problem")} in ${plural(result.entries, "record")}`,
          ...problems.map(({ position, message }) => `  at position ${String(position)}: ${message}`),
        ].join("\n"),
  );
  return result.ok ? exit.ok : exit.problem;
}

interface HeadOptions {
  readonly sign?: string;
}

async function showHead(call: QueueCall<HeadOptions>): Promise<undefined> {
  const { sign: path } = call.options;
  const pem = path === undefined ? undefined : readFile(call, path);
  const head = await call.queue((control) => control.ledgerHead({}));
  if (pem === undefined) {
    call.print.result(head, () => `position ${String(head.sequence)}, hash ${head.hash}`);
    return;
  }
  const signed = signHead(head, pem, shown(resolve(call.io.cwd, path ?? ""), call.io.cwd));
  call.print.result(signed, () => JSON.stringify(signed, null, 2)); // what `verify --head` reads, in both forms
}

function signHead(head: LedgerHead, pem: string, name: string): SignedHead {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== "ed25519") throw new TypeError("another kind of key");
    const publicKey = createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
    return { ...head, publicKey, signature: sign(null, Buffer.from(headText(head)), key).toString("base64") };
  } catch {
    throw new CommandError(
      "USAGE",
      `${name} holds no Ed25519 private key`,
      "Make one with `openssl genpkey -algorithm ed25519`, and keep it away from this machine's users.",
    );
  }
}

function isSignatureOf(head: SignedHead, publicKey: string): boolean {
  try {
    const key = createPublicKey(publicKey);
    return key.asymmetricKeyType === "ed25519" && verifySignature(null, Buffer.from(headText(head)), key, Buffer.from(head.signature, "base64"));
  } catch {
    return false;
  }
}

function readHead(call: QueueCall, path: string): SignedHead {
  try {
    const { app, sequence, hash, publicKey, signature } = JSON.parse(readFile(call, path)) as Partial<SignedHead>;
    if (typeof app === "string" && typeof sequence === "number" && typeof hash === "string" && typeof publicKey === "string" && typeof signature === "string")
      return { app, sequence, hash, publicKey, signature };
  } catch (thrown) {
    if (thrown instanceof CommandError) throw thrown;
  }
  throw new CommandError("USAGE", `${path} holds no signed head`, "Name a file with what `pulsequeue ledger head --sign` printed.");
}

function readFile(call: QueueCall, path: string): string {
  try {
    return readFileSync(resolve(call.io.cwd, path), "utf8");
  } catch {
    throw new CommandError("FILE_MISSING", `There is no readable file ${path}`, "Name a file that this user can read.");
  }
}
