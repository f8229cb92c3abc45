/**
 * Faults that are planted in a copy of the AWS engine, one at a time, as exact replacements of its text: each is one that somebody
 * could make, and each must be found. They prove the judge, and that the simulated AWS reaches what the engine promises.
 */
import type { Replacement } from "../crash/build.ts";
import type { Planted } from "../simulate/simulation.ts";

const aws = (file: string, find: string, replace: string): Replacement => ({ file: `src/engines/aws/${file}`, find, replace });

export const faults: readonly Planted[] = [
  {
    name: "a delivery is marked as done after the transaction, not in it",
    replacements: [
      aws("store/commit.ts", "const fixed = [...settled, ...rows, ...answers];", "const fixed = [...rows, ...answers];"),
      aws(
        "store/commit.ts",
        'if (failed.size === 0) return { outcome: "committed" };\n    const lost = commit.settled.filter((_settlement, index) => failed.has(index)).map(({ delivery }) => delivery);',
        'if (failed.size === 0) {\n      for (const action of settled) await transact(context, what, [action]);\n      return { outcome: "committed" };\n    }\n    const lost: AwsDelivery[] = [];',
      ),
    ],
  },
  {
    name: "emitted events are stored after the transaction, not in it",
    replacements: [
      aws(
        "store/commit.ts",
        "[...fixed, ...events.map((event) => putEvent(context, event)), ...headActions(context, events)]);\n    if (failed.size === 0) return",
        "fixed);\n    for (const event of events) await transact(context, what, [putEvent(context, event), ...headActions(context, [event])]);\n    if (failed.size === 0) return",
      ),
    ],
  },
  {
    name: "a late finisher is not fenced off by the version that it read",
    replacements: [
      aws(
        "store/commit.ts",
        "return put(deployment.deliveries, deliveryItem(key, record), hasVersion(delivery.record?.version));",
        "return put(deployment.deliveries, deliveryItem(key, record));",
      ),
    ],
  },
  {
    name: "rows are written without the guard of their version",
    replacements: [aws("store/commit.ts", "const condition = guard === undefined ? undefined : hasVersion(guard);", "const condition = undefined;")],
  },
  {
    name: "what was done before is not looked up when a message comes again",
    replacements: [aws("entries/claim.ts", '    case "done":\n    case "dead":', '    case "done":\n      return "run";\n    case "dead":')],
  },
  {
    name: "the entries of PutEvents that failed are not looked at",
    replacements: [aws("relay/send.ts", "return left.filter((_parcel, index) => answer.Entries?.[index]?.EventId === undefined);", "return [];")],
  },
  {
    name: "the entries of SendMessageBatch that failed are not looked at",
    replacements: [aws("relay/send.ts", "return left.filter((_parcel, index) => !sent.has(String(index)));", "return [];")],
  },
  {
    name: "a record of a stream that could not be sent is passed over",
    replacements: [aws("relay/relay.ts", "[...failed, ...waiting].map(", "[...failed.slice(1), ...waiting].map(")],
  },
  {
    name: "the answer does not name the messages that are to come again",
    replacements: [aws("entries/batch.ts", "batchItemFailures: back.map(", "batchItemFailures: back.slice(1).map(")],
  },
  {
    name: "each message has a FIFO group of its own",
    replacements: [aws("relay/route.ts", "group: urlHash(system.hash, groupOf(stored)), id:", "group: urlHash(system.hash, stored.key), id:")],
  },
  {
    name: "several of a FIFO group go in one request, of which a part may fail",
    replacements: [aws("relay/send.ts", "else if (group !== undefined && groups.has(group)) later.push(parcel);", "")],
  },
  {
    name: "the later ones of a FIFO group run though an earlier one was given back",
    replacements: [
      aws("entries/batch.ts", "return group !== undefined && this.#blocked.has(group);", "return group !== undefined && this.#blocked.has(`no ${group}`);"),
    ],
  },
  {
    name: "an event that is there already is put once more",
    replacements: [
      aws(
        "store/events.ts",
        '    ConditionExpression: "attribute_not_exists(p)",',
        '    ConditionExpression: "attribute_not_exists(p) OR attribute_exists(p)",',
      ),
    ],
  },
  {
    name: "a condition that did not hold is taken for a repeat of what was done",
    replacements: [aws("store/transaction.ts", "if (failed.size > 0) return failed;", "if (failed.size > 0) return attempt > 1 ? new Map() : failed;")],
  },
  {
    name: "a transaction whose answer was lost is taken for done",
    replacements: [
      aws(
        "store/transaction.ts",
        "const reasons = reasonsOf(thrown);",
        'if (thrown instanceof Error && thrown.name === "TimeoutError") return new Map();\n      const reasons = reasonsOf(thrown);',
      ),
    ],
  },
  {
    name: "a transaction that was cancelled for now is taken for done",
    replacements: [
      aws(
        "store/transaction.ts",
        "if (reasons.length === 0 && !isPassing(thrown)) throw awsError(thrown, what);",
        "if (reasons.length > 0) return new Map();\n      if (!isPassing(thrown)) throw awsError(thrown, what);",
      ),
    ],
  },
  {
    name: "keys that a batch of reads left over are taken for missing",
    replacements: [aws("store/read.ts", "left = UnprocessedKeys?.[table]?.Keys ?? [];", "left = [];")],
  },
  {
    name: "the answer to a request is not kept",
    replacements: [aws("store/commit.ts", "[answerAction(context, commit.answer)]", "[answerAction(context, commit.answer)].slice(1)")],
  },
  {
    name: "a dead letter is kept without its cause",
    replacements: [
      aws("store/commit.ts", 'state: "dead", attempts: status.attempts, failure: status.failure, endedAt', 'state: "dead", attempts: status.attempts, endedAt'),
    ],
  },
  {
    name: "a message whose commit was lost to another is removed",
    replacements: [
      aws(
        "entries/batch.ts",
        "else if (!one.records.every((record) => this.#gone.has(record))) this.#end(one, returned(0));\n    }\n    return left;",
        "else if (!one.records.every((record) => this.#gone.has(record))) this.#end(one, removed);\n    }\n    return left;",
      ),
    ],
  },
];
