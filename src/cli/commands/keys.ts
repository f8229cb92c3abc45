import { Command } from "commander";
import type { Duration } from "../../core/duration.ts";
import type { IssuedKey, KeyView } from "../../core/keys.ts";
import type { Role, Scope } from "../../core/principal.ts";
import { group, runsOnQueue, type QueueCall, type Session } from "../call.ts";
import { usageError } from "../exit.ts";
import { table } from "../output/table.ts";
import { when } from "../output/time.ts";
import { actOf, addAct, printAct, type ActOptions } from "./options.ts";

export function addKeys(program: Command, session: Session): void {
  const keys = group("keys", "API keys: who may call the HTTP server");
  const create = addAct(new Command("create").description("make a key; its token is printed once and never again").argument("<name>", "whose key it is"))
    .option("--role <roles...>", "publisher, viewer, operator, auditor")
    .option("--event <types...>", 'event types it may publish, or "*" for all')
    .option("--endpoint <names...>", 'endpoints it may call, or "*" for all')
    .option("--tenant <tenant>", "the tenant whose data it sees (default: all)")
    .option("--ttl <duration>", "how long it is valid, e.g. 90d (default: until it is revoked)");
  const ls = new Command("ls").description("list keys, the newest first; nothing of their secrets");
  const rotate = addAct(
    new Command("rotate").description("give a key a new secret; the old one is accepted for a while").argument("<id>", "the key's id"),
  ).option("--overlap <duration>", "how long the old secret is accepted beside the new one", "24h");
  const revoke = addAct(new Command("revoke").description("refuse a key from now on, for good").argument("<id>", "the key's id"));
  runsOnQueue<CreateOptions>(create, session, createOne);
  runsOnQueue(ls, session, list);
  runsOnQueue<RotateOptions>(rotate, session, rotateOne);
  runsOnQueue<ActOptions>(revoke, session, revokeOne);
  program.addCommand(keys.addCommand(create).addCommand(ls).addCommand(rotate).addCommand(revoke));
}

interface CreateOptions extends ActOptions {
  readonly role?: readonly Role[];
  readonly event?: readonly string[];
  readonly endpoint?: readonly string[];
  readonly tenant?: string;
  readonly ttl?: Duration;
}

async function createOne(call: QueueCall<CreateOptions>): Promise<undefined> {
  const { role = [], event = [], endpoint = [], tenant, ttl } = call.options;
  if (role.length === 0) throw usageError("What may the key do?", "Add --role with publisher, viewer, operator or auditor.");
  const scope: Scope = { roles: role, events: namesOf(event), endpoints: namesOf(endpoint) };
  const key = { name: call.args[0] ?? "", scope, ...(tenant === undefined ? {} : { tenant }), ...(ttl === undefined ? {} : { ttl }) };
  const options = actOf(call);
  printIssued(call, await call.queue((control) => control.createApiKey({ key, ...options }), "create"), "create");
}

function namesOf(names: readonly string[]): readonly string[] | "*" {
  return names.length === 1 && names[0] === "*" ? "*" : names;
}

async function list(call: QueueCall): Promise<undefined> {
  const now = call.io.now();
  const keys = await call.queue((control) => control.apiKeys({}));
  const time = (text: string | undefined): string => (text === undefined ? "" : when(text, now));
  const many = (names: readonly string[] | "*"): string => (names === "*" ? "*" : names.join(", "));
  call.print.result(keys, () =>
    keys.length === 0
      ? "no keys"
      : table<KeyView>(
          keys,
          [
            { title: "ID", cell: (key) => key.id },
            { title: "NAME", cell: (key) => key.name },
            { title: "STATE", cell: (key) => key.state },
            { title: "ROLES", cell: (key) => key.scope.roles.join(", ") },
            { title: "EVENTS", cell: (key) => many(key.scope.events) },
            { title: "ENDPOINTS", cell: (key) => many(key.scope.endpoints) },
            { title: "TENANT", cell: (key) => key.tenant ?? "" },
            { title: "CREATED", cell: (key) => time(key.created) },
            { title: "EXPIRES", cell: (key) => time(key.expires) },
            { title: "REVOKED", cell: (key) => time(key.revoked) },
            { title: "OLD SECRET UNTIL", cell: (key) => time(key.overlapUntil) },
          ],
          call.print.paint,
        ),
  );
}

interface RotateOptions extends ActOptions {
  readonly overlap: Duration;
}

async function rotateOne(call: QueueCall<RotateOptions>): Promise<undefined> {
  const [id = ""] = call.args;
  const { overlap } = call.options;
  const options = actOf(call);
  printIssued(call, await call.queue((control) => control.rotateApiKey({ id, overlap, ...options })), "rotate");
}

async function revokeOne(call: QueueCall<ActOptions>): Promise<undefined> {
  const [id = ""] = call.args;
  const options = actOf(call);
  const result = await call.queue((control) => control.revokeApiKey({ id, ...options }));
  printAct(call, result, "revoked", result.count === 0 ? `nothing, ${id} is revoked already` : id);
}

function printIssued(call: QueueCall, issued: IssuedKey, verb: "create" | "rotate"): void {
  const { key, token } = issued;
  call.print.result(issued, () =>
    token === undefined ? `would ${verb} the key of ${key.name}` : `${token}\n  key ${key.id} of ${key.name}: this is the only time that its token is shown`,
  );
}
