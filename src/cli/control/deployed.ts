import type { App } from "../../core/app.ts";
import { PulseQueueError } from "../../core/errors.ts";
import type { Queue } from "../../core/queue.ts";
import { awsLacks } from "../../engines/aws/lacks.ts";
import type { Control } from "./control.ts";
import { queueControl } from "./queue.ts";

/** The commands' view of a deployment. */
export function deployedControl(app: App, queue: Queue): Control {
  return {
    ...queueControl(app, queue),
    erase: () => refuse("erase: a deployment keeps no key of a person's own that could be destroyed"),
    rotateKey: () => refuse("rotate-key: a deployment is encrypted by its KMS key, which AWS rotates"),
    backup: () => refuse("backup: DynamoDB itself keeps every second of the last days, which a table is restored from"),
    verify: () => refuse(`verify: ${awsLacks.verify}`),
    facts: () => refuse("facts of a file: there is none"),
  };
}

function refuse(what: string): Promise<never> {
  return Promise.reject(new PulseQueueError("CAPABILITY_MISSING", `The AWS engine does not offer ${what}`));
}
