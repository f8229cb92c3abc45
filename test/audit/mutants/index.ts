import type { Mutant } from "./mutant.ts";
import { laboratoryMutants } from "./laboratory.ts";
import { planMutants } from "./plans.ts";
import { policyMutants } from "./policies.ts";
import { textMutants } from "./texts.ts";

export const mutants: readonly Mutant[] = [...policyMutants, ...planMutants, ...textMutants, ...laboratoryMutants];
