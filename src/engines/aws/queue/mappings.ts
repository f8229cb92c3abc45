/** Switches the event source mappings of handlers on and off. */
import { ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import type { Deployment } from "../../../core/deployment.ts";
import { PulseQueueError } from "../../../core/errors.ts";
import type { System } from "../../../core/ports.ts";
import type { Lambda } from "../clients.ts";
import type { Resources } from "../resources.ts";
import { retrying } from "../retry.ts";

export interface Mappings {
  /** Lambda takes up to a minute to follow; what was received by then still runs. Throws `AWS_RESOURCE_MISSING` where nothing is deployed. */
  enable(handler: string, enabled: boolean): Promise<void>;
}

const what = "Lambda refused to switch an event source mapping";
/** A mapping that is still being switched refuses to be switched again, for up to a minute, and another operator may come first: tries, one a wait. */
const mostTries = 60;
const wait = 2_000;

export function openMappings(lambda: Lambda, resources: Resources, deployment: Deployment, system: Pick<System, "clock" | "random">): Mappings {
  const pause = (): Promise<void> => new Promise((resolve) => void system.clock.timer(wait, resolve));
  const update = async (UUID: string, enabled: boolean): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      try {
        await retrying(system, what, () => lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: enabled })));
        return;
      } catch (thrown) {
        const cause: unknown = thrown instanceof Error ? thrown.cause : undefined;
        const isBusy = cause instanceof Error && (cause.name === "ResourceInUseException" || cause.name === "ResourceConflictException");
        if (!isBusy) throw thrown;
        if (tries === mostTries) throw new PulseQueueError("STORE_UNAVAILABLE", `${what}: it is still being switched`, { cause, retryAfter: wait });
        await pause();
      }
    }
  };
  return {
    async enable(handler, enabled) {
      const names = deployment.handlers.get(handler);
      const command = new ListEventSourceMappingsCommand({
        FunctionName: names?.function ?? handler,
        EventSourceArn: resources.queueArn(names?.queue ?? handler),
      });
      const { EventSourceMappings = [] } = await retrying(system, what, () => lambda.send(command));
      const ids = EventSourceMappings.map(({ UUID }) => UUID).filter((id) => id !== undefined);
      if (ids.length === 0)
        throw new PulseQueueError("AWS_RESOURCE_MISSING", `Nothing feeds the function of handler ${handler}: it has no event source mapping`);
      for (const id of ids) await update(id, enabled);
    },
  };
}
