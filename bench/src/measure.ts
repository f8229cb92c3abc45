/** The process of one measurement: takes a request, answers once, ends. */
import { CheckFailed } from "./check.ts";
import type { Figures, MeasureAnswer, MeasureRequest } from "./measurement.ts";
import { loadPeer } from "./peers/index.ts";

async function run({ step, peer, options }: MeasureRequest): Promise<Figures> {
  switch (step) {
    case "a":
      return (await import("./works/throughput.ts")).workA(await loadPeer(peer), options);
    case "b":
      return (await import("./works/throughput.ts")).workB(await loadPeer(peer), options);
    case "b-hot":
      return (await import("./works/throughput.ts")).workBHot(await loadPeer(peer), options);
    case "publish-100":
      return (await import("./works/publish.ts")).publishBy100(await loadPeer(peer), options);
    case "publish-one":
      return (await import("./works/publish.ts")).publishOneByOne(await loadPeer(peer), options);
    case "latency":
      return (await import("./works/latency.ts")).idleLatency(await loadPeer(peer), options);
    case "fill-backlog":
      return (await import("./works/backlog.ts")).fillBacklog(options);
    case "backlog":
      return (await import("./works/backlog.ts")).atBacklog(options);
    case "fill-journal":
      return (await import("./works/backlog.ts")).fillJournal(options);
    case "journal":
      return (await import("./works/backlog.ts")).atJournal(options);
    case "be-killed":
      return (await import("./works/recovery.ts")).work(options, () => {
        answer({ type: "ready-to-die" });
      });
    case "recover":
      return (await import("./works/recovery.ts")).recover(options);
    case "http":
      return (await import("./works/door.ts")).ingest(options);
    case "overload":
      return (await import("./works/door.ts")).overload(options);
    case "aws":
      return (await import("./works/aws.ts")).onAws("pulsequeue", options);
    case "aws-powertools":
      return (await import("./works/aws.ts")).onAws("powertools", options);
    case "answers":
      return (await import("./works/door.ts")).answers(options);
  }
}

function answer(message: MeasureAnswer, then: () => void = () => undefined): void {
  process.send?.(message, undefined, undefined, then);
}

process.once("message", (request) => {
  run(request as MeasureRequest).then(
    (figures) => {
      answer({ type: "figures", figures }, () => process.exit(0));
    },
    (reason: unknown) => {
      const message = reason instanceof Error ? reason.message : String(reason);
      answer({ type: "failed", check: reason instanceof CheckFailed, message }, () => process.exit(1));
    },
  );
});
process.once("disconnect", () => process.exit(1));
