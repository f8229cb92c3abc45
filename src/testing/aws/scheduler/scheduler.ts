/** EventBridge Scheduler in this process: one-time schedules that send to a queue, and those that start a function every minute. */
import type { CreateScheduleCommandInput, CreateScheduleCommandOutput } from "@aws-sdk/client-scheduler";
import type { VirtualClock } from "../../clock.ts";
import { AwsError, UnsupportedByFake, validation } from "../service/errors.ts";
import { operation, type Call, type Service } from "../service/service.ts";
import type { Queue } from "../sqs/queue.ts";

export interface Scheduler {
  readonly service: Service;
  createGroup(name: string): void;
  /** Calls `fire` at the beginning of each minute, until `stop`. Under the name of one that there is, in its place. */
  everyMinute(name: string, fire: () => void): { readonly stop: () => void };
  /** One-time schedules whose time has not come. */
  readonly waiting: number;
}

export interface SchedulerFaults {
  /** Milliseconds after its time at which each call of a target is made: it is on time to the minute, and at least once. */
  calls(): readonly number[];
}

export const noSchedulerFaults: SchedulerFaults = { calls: () => [0] };

export interface SchedulerHost {
  readonly clock: VirtualClock;
  readonly faults: SchedulerFaults;
  readonly region: string;
  readonly account: string;
  readonly queueByArn: (arn: string) => Queue | undefined;
  readonly record: (call: Call) => void;
}

const minute = 60_000;

export function createScheduler({ clock, faults, region, account, queueByArn, record }: SchedulerHost): Scheduler {
  const groups = new Set<string>();
  const names = new Set<string>();
  const running = new Map<string, () => void>();
  const fireAt = (at: number, fire: () => void): void => {
    for (const late of faults.calls()) clock.timer(Math.max(0, at - clock.now()) + late, fire);
  };

  const create = operation<CreateScheduleCommandInput, CreateScheduleCommandOutput>(
    ["Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "ActionAfterCompletion", "Target"],
    ({ Name: name = "", GroupName: group = "default", ScheduleExpression: expression = "", ActionAfterCompletion: after, Target: target }, note) => {
      if (!/^[\w.-]{1,64}$/.test(name)) throw validation("1 validation error detected: Value at 'name' failed to satisfy constraint");
      if (!groups.has(group)) throw new AwsError("ResourceNotFoundException", `Schedule group ${group} does not exist.`, 404);
      const arn = `arn:aws:scheduler:${region}:${account}:schedule/${group}/${name}`;
      note.access("scheduler:CreateSchedule", arn);
      note.access("iam:PassRole", target?.RoleArn ?? "", { "iam:PassedToService": "scheduler.amazonaws.com" });
      note.count(1, Buffer.byteLength(target?.Input ?? ""));
      if (names.has(`${group}/${name}`)) throw new AwsError("ConflictException", `Schedule ${name} already exists.`, 409);
      const time = /^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)$/.exec(expression)?.[1];
      if (time === undefined) throw new UnsupportedByFake(`the schedule expression ${expression}`);
      if (after !== "DELETE") throw new UnsupportedByFake("a schedule that stays after its time");
      const queue = queueByArn(target?.Arn ?? "");
      if (queue === undefined) throw new UnsupportedByFake("a target that is no queue");
      names.add(`${group}/${name}`);
      const role = target?.RoleArn?.split("/").at(-1) ?? "";
      const body = target?.Input ?? "";
      fireAt(Date.parse(`${time}Z`), () => {
        names.delete(`${group}/${name}`);
        queue.send({ body });
        const accesses = [{ action: "sqs:SendMessage", resource: queue.arn }];
        record({ function: role, operation: "sqs:SendMessage", accesses, items: 1, bytes: Buffer.byteLength(body) });
      });
      return { ScheduleArn: arn };
    },
  );

  return {
    service: { name: "scheduler", operations: { CreateSchedule: create } },
    get waiting() {
      return names.size;
    },
    createGroup: (name) => {
      groups.add(name);
    },
    everyMinute: (name, fire) => {
      let isOn = true;
      const tick = (): void => {
        if (!isOn) return;
        for (const late of faults.calls()) {
          if (late === 0) fire();
          else
            clock.timer(late, () => {
              if (isOn) fire();
            });
        }
        clock.timer(minute - (clock.now() % minute), tick);
      };
      const stop = (): void => {
        isOn = false;
      };
      running.get(name)?.();
      running.set(name, stop);
      clock.soon(tick);
      return { stop };
    },
  };
}
