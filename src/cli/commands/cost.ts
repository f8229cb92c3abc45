import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import type { App } from "../../core/app.ts";
import {
  deliveryCost,
  eventCost,
  handWiredCost,
  handWiredEventCost,
  listPrices,
  parsePrices,
  usualWorkload,
  type Prices,
  type Workload,
} from "../../synth/index.ts";
import { runs, type Call, type Session } from "../call.ts";
import { usageError } from "../exit.ts";
import { loadApp } from "../load/app.ts";
import { table } from "../output/table.ts";
import { countOption } from "./options.ts";

interface CostOptions {
  readonly rate: readonly (readonly [event: string, perMonth: number])[];
  readonly prices?: string;
  readonly batch: number;
  readonly eventBytes: number;
  readonly rowBytes: number;
  readonly reads: number;
  readonly writes: number;
  readonly milliseconds: number;
  readonly memory: number;
}

const million = 1_000_000;

export function addCost(program: Command, session: Session): void {
  const command = new Command("cost")
    .description("what events cost in AWS, per million and for given rates, beside the same work wired by hand")
    .addOption(new Option("--rate <event=count>", "events of a kind in a month; may be given several times").argParser(addRate).default([], "none"))
    .addOption(countOption("--batch <count>", "events that share a call of a function", 1, 10).default(usualWorkload.batch))
    .addOption(countOption("--event-bytes <count>", "bytes of an event", 1, 262_144).default(usualWorkload.eventBytes))
    .addOption(countOption("--row-bytes <count>", "bytes of a row", 1, 401_408).default(usualWorkload.rowBytes))
    .addOption(countOption("--reads <count>", "rows that a delivery reads", 0, 99).default(usualWorkload.reads))
    .addOption(countOption("--writes <count>", "rows that a delivery writes", 0, 99).default(usualWorkload.writes))
    .addOption(countOption("--milliseconds <count>", "time that an event takes its handler", 1, 900_000).default(usualWorkload.milliseconds))
    .addOption(countOption("--memory <MiB>", "memory of a function", 128, 10_240).default(usualWorkload.memory))
    .option("--prices <file>", "prices as JSON (default: list prices, dated)");
  runs<CostOptions>(command, session, cost);
  program.addCommand(command);
}

function addRate(text: string, previous: CostOptions["rate"]): CostOptions["rate"] {
  const [event = "", count = ""] = text.split("=");
  if (event === "" || !/^\d{1,15}$/.test(count))
    throw usageError(`--rate ${text.slice(0, 100)} is no rate`, "Write e.g. --rate order.placed=3000000 for three million a month.");
  return [...previous, [event, Number(count)]];
}

async function cost(call: Call<CostOptions>): Promise<undefined> {
  const { app: path } = await call.settings();
  const app = await loadApp(path, call.io.cwd);
  const { rate, batch, eventBytes, rowBytes, reads, writes, milliseconds, memory } = call.options;
  const work: Workload = { batch, eventBytes, rowBytes, reads, writes, milliseconds, memory };
  for (const [event] of rate) {
    if (!app.topology.events.has(event))
      throw usageError(`The app has no event ${event}`, `Its events are: ${[...app.topology.events.keys()].sort().join(", ")}.`);
  }
  const prices = readPrices(call);
  const rows = rowsOf(app, work, prices, new Map(rate));
  const total = rows.reduce((sum, row) => sum + row.perMonth, 0);
  const byHand = rows.reduce((sum, row) => sum + row.byHandPerMonth, 0);
  call.print.result({ prices, workload: work, rows, perMonth: total, byHandPerMonth: byHand }, () => {
    const text = table(
      rows,
      [
        { title: "what", cell: ({ what }) => what },
        { title: "write units", cell: ({ units }) => units.writeUnits.toFixed(1), right: true },
        { title: "bus", cell: ({ units }) => units.busEvents.toFixed(1), right: true },
        { title: "queue", cell: ({ units }) => (units.queueRequests + units.fifoRequests).toFixed(1), right: true },
        { title: "calls", cell: ({ units }) => units.calls.toFixed(2), right: true },
        { title: "$ per million", cell: ({ units }) => units.dollars.toFixed(2), right: true },
        { title: "by hand", cell: ({ byHand }) => byHand.toFixed(2), right: true },
        { title: "$ per month", cell: ({ perMonth }) => (perMonth === 0 ? "" : perMonth.toFixed(2)), right: true },
      ],
      call.print.paint,
    );
    const sum =
      rate.length === 0 ? [] : [`$ ${total.toFixed(2)} a month for these rates; $ ${byHand.toFixed(2)} wired by hand, without a journal and not atomic`];
    return [text, ...sum, `List prices of ${prices.region}, ${prices.date}; without storage, logs, free tier and transfer. Units are of one event.`].join("\n");
  });
  return undefined;
}

function readPrices({ io, options }: Call<CostOptions>): Prices {
  if (options.prices === undefined) return listPrices;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(resolve(io.cwd, options.prices), "utf8"));
  } catch {
    throw usageError(`The prices ${options.prices} cannot be read as JSON`, "Start from the `prices` that `pulsequeue cost --json` prints.");
  }
  return parsePrices(value);
}

interface Row {
  readonly what: string;
  readonly units: ReturnType<typeof eventCost>;
  /** Dollars for a million, wired by hand. */
  readonly byHand: number;
  readonly perMonth: number;
  readonly byHandPerMonth: number;
}

function rowsOf({ topology }: App, work: Workload, prices: Prices, rates: ReadonlyMap<string, number>): readonly Row[] {
  return [...topology.events.keys()].sort().flatMap((event) => {
    const count = (rates.get(event) ?? 0) / million;
    const accepted = eventCost(topology, event, work, prices);
    const deliveries = (topology.subscribers.get(event) ?? []).map((handler): Row => {
      const units = deliveryCost(handler, work, prices);
      const byHand = handWiredCost(handler, work, prices).dollars;
      return { what: `  to ${handler.name}`, units, byHand, perMonth: units.dollars * count, byHandPerMonth: byHand * count };
    });
    const byHand = handWiredEventCost(topology, event, work, prices).dollars;
    return [{ what: event, units: accepted, byHand, perMonth: accepted.dollars * count, byHandPerMonth: byHand * count }, ...deliveries];
  });
}
