/** The process that is killed while it seals: publishes personal data as fast as it can, and tells what was acknowledged. */
import { openLocal } from "pulsequeue/local";
import { canaryOf, masterKey, personal, sealedApp } from "./sealed-app.ts";

const [file = "", first = "0"] = process.argv.slice(2);
const queue = await openLocal(sealedApp, { file, durability: "full", vault: { masterKey } });
await queue.start();
for (let number = Number(first); ; number += 8) {
  const ids = Array.from({ length: 8 }, (_, index) => number + index);
  await Promise.all(ids.map((id) => queue.publish(personal, { person: `p-${String(id % 5)}`, email: canaryOf(id) }, { id: `s-${String(id)}` })));
  process.send?.(ids);
}
