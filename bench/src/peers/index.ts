import type { Peer, PeerName } from "../peer.ts";

/** Loads one peer: a measurement holds no other peer's code in memory. */
export async function loadPeer(name: PeerName): Promise<Peer> {
  switch (name) {
    case "pulsequeue":
      return (await import("./pulsequeue.ts")).pulsequeue;
    case "bullmq":
      return (await import("./bullmq.ts")).bullmq;
    case "graphile-worker":
      return (await import("./graphile-worker.ts")).graphileWorker;
    case "pg-boss":
      return (await import("./pg-boss.ts")).pgBoss;
    case "pg-boss-bulk":
      return (await import("./pg-boss.ts")).pgBossBulk;
  }
}
