/** Lambda's control plane in this process: as much of it as switches event source mappings. */
import type {
  ListEventSourceMappingsCommandInput,
  ListEventSourceMappingsCommandOutput,
  UpdateEventSourceMappingCommandInput,
  UpdateEventSourceMappingCommandOutput,
} from "@aws-sdk/client-lambda";
import type { VirtualClock } from "../../clock.ts";
import { AwsError } from "../service/errors.ts";
import { operation, type Service } from "../service/service.ts";
import type { Mapping, MappingFaults } from "./queue-mapping.ts";

export interface LambdaServiceOptions {
  readonly clock: VirtualClock;
  readonly faults: MappingFaults;
  readonly region: string;
  readonly account: string;
  /** By id. */
  readonly mappings: ReadonlyMap<string, Mapping>;
}

export function createLambdaService({ clock, faults, region, account, mappings }: LambdaServiceOptions): Service {
  const functionArn = (name: string): string => `arn:aws:lambda:${region}:${account}:function:${name}`;
  const busy = new Set<string>();
  const list = operation<ListEventSourceMappingsCommandInput, ListEventSourceMappingsCommandOutput>(
    ["FunctionName", "EventSourceArn"],
    ({ FunctionName: name, EventSourceArn: source }, note) => {
      note.access("lambda:ListEventSourceMappings", "*");
      const found = [...mappings.values()].filter(
        (mapping) => (name ?? mapping.function) === mapping.function && (source ?? mapping.sourceArn) === mapping.sourceArn,
      );
      return {
        EventSourceMappings: found.map(({ id, sourceArn, isEnabled, ...mapping }) => ({
          UUID: id,
          EventSourceArn: sourceArn,
          FunctionArn: functionArn(mapping.function),
          State: isEnabled ? "Enabled" : "Disabled",
        })),
      };
    },
  );
  const update = operation<UpdateEventSourceMappingCommandInput, UpdateEventSourceMappingCommandOutput>(
    ["UUID", "Enabled"],
    ({ UUID: id = "", Enabled: enabled }, note) => {
      const mapping = mappings.get(id);
      if (mapping === undefined) throw new AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404);
      note.access("lambda:UpdateEventSourceMapping", `arn:aws:lambda:${region}:${account}:event-source-mapping:${id}`, {
        "lambda:FunctionArn": functionArn(mapping.function),
      });
      if (busy.has(id)) throw new AwsError("ResourceInUseException", "Cannot update the event source mapping because it is in use.", 400);
      const wait = faults.switching();
      const apply = (): void => {
        busy.delete(id);
        mapping.isEnabled = enabled ?? mapping.isEnabled;
        mapping.wake();
      };
      if (wait === 0) apply();
      else {
        busy.add(id);
        clock.timer(wait, apply);
      }
      return { UUID: id, FunctionArn: functionArn(mapping.function), State: enabled === true ? "Enabling" : "Disabling" };
    },
  );
  return { name: "lambda", operations: { ListEventSourceMappings: list, UpdateEventSourceMapping: update } };
}
