import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { createProject, orderApp, type Project } from "../support/cli.ts";

vi.setConfig({ testTimeout: 120_000 }); // each test starts several processes

const projects: Project[] = [];
const project = (files: Readonly<Record<string, string>>): Project => {
  const created = createProject(files);
  projects.push(created);
  return created;
};
afterEach(() => {
  for (const created of projects.splice(0)) created.remove();
});
afterAll(() => {
  expect(projects).toEqual([]);
});

const order = (orderId: string): string => JSON.stringify({ orderId, quantity: 1 });

describe("start", () => {
  test("runs the app, is operated through its channel by name, and ends cleanly at a signal", async () => {
    const shop = project({ "app.ts": orderApp });
    const engine = shop.start(["start"], { env: { PULSEQUEUE_LOG_LEVEL: "debug" } });
    await engine.line("orders runs file=.pulsequeue/app.db socket=.pulsequeue/app.db.sock");

    // The commands know no app from here on: everything goes through the channel.
    shop.write("app.ts", "this is no app any more");
    const emitted = await shop.run(["emit", "order.placed", order("o-1")]);
    expect(emitted.stdout).toMatch(/^stored: order\.placed /);
    await engine.line("count done");
    const tail = shop.start(["tail", "--json", "--deliveries", "--last", "1", "--count", "5"]);
    await tail.line("order.confirmed"); // it follows from here on
    await shop.run(["emit", "order.placed", order("o-2")]);
    const lines = (await tail.ended).stdout.trimEnd().split("\n").slice(1);
    const seen = lines.map((line) => JSON.parse(line) as { readonly kind: string; readonly type?: string; readonly handler?: string });
    expect(seen.map(({ kind, type, handler }) => (kind === "event" ? type : handler)).sort()).toEqual(["confirm", "count", "order.confirmed", "order.placed"]);

    const [paused, second, shown] = await Promise.all([
      shop.run(["handlers", "pause", "confirm", "--reason", "partner is down"]),
      shop.run(["start", "--app", "app.ts", "--json"]),
      shop.run(["events", "show", "1", "--json"]),
    ]);
    expect(paused.stdout).toBe("paused: confirm\n");
    expect(second.code).toBe(4);
    expect(shown.json()).toMatchObject({ type: "order.placed", deliveries: [{ handler: "confirm", state: "done" }] });

    const ended = await engine.stop("SIGTERM");
    expect(ended.stdout).toContain("stopping: what runs may end");
    expect(ended.stdout).toMatch(/orders stopped\n$/);
    expect(ended.stderr).toBe("");
    expect(ended.code).toBe(0);
    expect(existsSync(shop.path(".pulsequeue/app.db.sock"))).toBe(false);
  });

  test("a second engine on the file is refused, and the first goes on", async () => {
    const shop = project({ "app.ts": orderApp });
    const engine = shop.start(["start", "--json"]);
    const ready = JSON.parse(await engine.line("orders runs")) as Readonly<Record<string, unknown>>;
    expect(ready).toMatchObject({ level: "info", message: "orders runs", pid: engine.pid });
    const second = await shop.run(["start", "--json"]);
    expect(JSON.parse(second.stderr)).toMatchObject({ error: { code: "STORE_LOCKED" } });
    expect(second.code).toBe(1);
    expect((await shop.run(["doctor"])).stdout).toContain(`held by the engine with pid ${String(engine.pid)}`);
    expect((await engine.stop("SIGINT")).code).toBe(0);
  });

  test("a handler that does not end: the second signal ends the engine at once, with exit code 130, and nothing accepted is lost", async () => {
    const stuck = orderApp.replace(
      'ctx.log.info("counted", { orderId: data.orderId });',
      'ctx.log.info("hanging", { orderId: data.orderId });\n    return new Promise<void>(() => undefined);',
    );
    const shop = project({ "app.ts": stuck });
    const engine = shop.start(["start"]);
    await engine.line("orders runs");
    await shop.run(["emit", "order.placed", order("o-1")]);
    await engine.line("hanging");
    engine.signal("SIGINT");
    await engine.line("stopping");
    expect((await engine.stop("SIGINT")).code).toBe(130);

    const shown = await shop.run(["events", "ls", "--json"]);
    expect(shown.json()).toMatchObject([{ type: "order.confirmed" }, { type: "order.placed" }]);
    expect((await shop.run(["verify"])).code).toBe(0);
  });
});

describe("tail", () => {
  test("waits for an engine, follows it across a kill and a restart without a gap, and ends at a signal with exit code 130", async () => {
    const shop = project({ "app.ts": orderApp });
    const tail = shop.start(["tail"]);
    await tail.line("No engine holds .pulsequeue/app.db: waiting for one to start.");
    const first = shop.start(["start"]);
    await first.line("orders runs");
    await shop.run(["emit", "order.placed", order("o-1")]);
    expect(await tail.line("order.confirmed #2")).toContain('{"orderId":"o-1"}');
    await first.stop("SIGKILL");
    await tail.line("waiting for one to start");
    await shop.run(["emit", "order.placed", order("o-2")]);
    const second = shop.start(["start"]);
    await second.line("orders runs");
    await tail.line("order.placed #3");
    await tail.line("order.confirmed #4");
    expect((await tail.stop("SIGINT")).code).toBe(130);
    expect((await second.stop()).code).toBe(0);
  });
});

describe("dev", () => {
  test("restarts when a file changes, waits out an app that does not load, and leaves nothing behind", async () => {
    const shop = project({ "app.ts": 'export { default } from "./src/orders.ts";\n', "src/orders.ts": orderApp });
    const dev = shop.start(["dev"]);
    const pidOf = (line: string): number => Number(/pid=(\d+)/.exec(line)?.[1]);
    const first = pidOf(await dev.line("orders runs"));
    await shop.run(["emit", "order.placed", order("o-1")]);
    await dev.line("confirm done");

    shop.write("src/orders.ts", orderApp.replace('"counted"', '"counted anew"'));
    await dev.line("src/orders.ts changed: starting again");
    await dev.line("orders stopped");
    const second = pidOf(await dev.line("orders runs"));
    expect(second).not.toBe(first);
    await shop.run(["emit", "order.placed", order("o-2")]);
    await dev.line("counted anew");

    shop.write("src/orders.ts", "export default {");
    await dev.line("error APP_NOT_LOADED");
    await dev.line("waiting for a change");
    shop.write("src/new/orders.ts", orderApp);
    shop.write("src/orders.ts", 'export { default } from "./new/orders.ts";\n');
    const third = pidOf(await dev.line("orders runs"));
    shop.write("src/new/orders.ts", `${orderApp}// changed\n`);
    await dev.line("src/new/orders.ts changed");
    const last = pidOf(await dev.line("orders runs"));

    expect((await dev.stop("SIGINT")).code).toBe(0);
    for (const pid of [first, second, third, last]) expect(isAlive(pid)).toBe(false);
  });

  test("the engine stops by itself when dev is killed", async () => {
    const shop = project({ "app.ts": orderApp });
    const dev = shop.start(["dev"]);
    const pid = Number(/pid=(\d+)/.exec(await dev.line("orders runs"))?.[1]);
    const ended = await dev.stop("SIGKILL"); // its output ends when the engine, which shares it, has ended
    expect(ended.stdout).toContain("orders stopped");
    expect(isAlive(pid)).toBe(false);
  });
});

/** Whether a process runs; one that has ended and that nobody has waited for does not. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}
