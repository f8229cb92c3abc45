import { awsFaultKinds } from "pulsequeue/testing";
import { count, type Simulation } from "../simulate/simulation.ts";
import { faults } from "./faults.ts";

/** The AWS engine, on a simulated AWS. */
export const onAws: Simulation = {
  command: "simulate:aws",
  description: "Runs the order pipeline on the real AWS engine, on a simulated AWS with seeded faults, and judges what clients saw and what is left.",
  seeds: "test/simulate-aws/seeds.ts",
  copied: ["src", "examples/order-pipeline", "test/simulate", "test/simulate-aws", "test/crash", "test/support"],
  points: awsFaultKinds,
  struck: (counts) => [["fault", "struck"], ...awsFaultKinds.map((kind) => [kind, count(counts[kind] ?? 0)])],
  faults,
};
