/** Lambda in this process: functions, what feeds them, and the service that answers a client. */
import type { VirtualClock } from "../../clock.ts";
import type { AwsFaults } from "../faults.ts";
import type { Call, Service } from "../service/service.ts";
import { createFunctions, mappingId, type Functions } from "./functions.ts";
import { createQueueMapping, type Mapping, type MappingHost, type QueueMappingSpec } from "./queue-mapping.ts";
import { createLambdaService } from "./service.ts";
import { createStreamMapping, type StreamMappingSpec } from "./stream-mapping.ts";

export interface Lambda {
  readonly service: Service;
  readonly functions: Functions;
  /** Unless it is there already. */
  feedByQueue(spec: Omit<QueueMappingSpec, "id" | "region">): void;
  /** Unless it is there already. */
  feedByStream(spec: Omit<StreamMappingSpec, "id">): void;
  /** Whether event sources are read, those that are enabled. @default true */
  read(isOn: boolean): void;
  /** Records of streams that are not carried yet. */
  readonly behind: number;
}

export interface LambdaOptions {
  readonly clock: VirtualClock;
  readonly faults: Pick<AwsFaults, "lambda" | "mappings">;
  readonly region: string;
  readonly account: string;
  readonly record: (call: Call) => void;
}

export function createLambda({ clock, faults, region, account, record }: LambdaOptions): Lambda {
  const functions = createFunctions(clock, faults.lambda);
  const mappings = new Map<string, Mapping>();
  let isOn = true;
  const host: MappingHost = { clock, functions, faults: faults.mappings, record, isOn: () => isOn };
  const add = (name: string, sourceArn: string, make: (id: string) => Mapping): void => {
    const id = mappingId(`${name} ${sourceArn}`);
    const mapping = mappings.get(id) ?? make(id);
    mappings.set(id, mapping);
    clock.soon(() => {
      mapping.wake();
    });
  };
  const wakeAll = (): void => {
    for (const mapping of mappings.values()) mapping.wake();
  };
  return {
    service: createLambdaService({ clock, faults: faults.mappings, region, account, mappings }),
    functions,
    feedByQueue: (spec) => {
      add(spec.function, spec.queue.arn, (id) => createQueueMapping({ ...spec, id, region }, host));
    },
    feedByStream: (spec) => {
      add(spec.function, spec.stream.arn, (id) => createStreamMapping({ ...spec, id }, host));
    },
    read: (on) => {
      isOn = on;
      if (on) clock.soon(wakeAll);
    },
    get behind() {
      let count = 0;
      for (const mapping of mappings.values()) count += mapping.behind();
      return count;
    },
  };
}
