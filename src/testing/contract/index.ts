/**
 * The contract: what every engine promises, each promise with its proof. An engine is right when it passes all of them.
 *
 * @example
 * for (const contractCase of contractCases) it(contractCase.name, () => runContractCase(contractCase, harness));
 */
import { accessCases } from "./access.ts";
import { closeCases, graceCases } from "./close.ts";
import { commitCases, conflictCases } from "./commit.ts";
import { concurrencyCases, keyConcurrencyCases } from "./concurrency.ts";
import { deadLetterCases, discardCases, redriveCases } from "./dead-letters.ts";
import { deliveryCases, emitCases } from "./delivery.ts";
import { endpointCases, idempotencyCases } from "./endpoints.ts";
import { keyCases, ledgerCases, nonceCases } from "./identity.ts";
import { inspectCases, traceCases } from "./inspect.ts";
import { backpressureCases, effectCases, journalCases, retentionCases } from "./journal.ts";
import { invariantCases } from "./invariants.ts";
import { crashCases, idleCases, restartCases } from "./life.ts";
import { pauseCases, replayCases } from "./operate.ts";
import { orderCases, orderCrashCases, redriveOrderCases } from "./order.ts";
import { pageCases, rowOrderCases } from "./pages.ts";
import { sourceCases } from "./sources.ts";
import { identityCases, publishCases, publishEachCases, publishManyCases, startCases } from "./publish.ts";
import { retryCases } from "./retry.ts";
import { idempotencyKeyCases, stepCases, stepCrashCases } from "./steps.ts";
import { schemaCases, tableCases } from "./tables.ts";
import { delayCases, missedTickCases, scheduleCases } from "./time.ts";
import { tenantCases } from "./tenants.ts";
import { timeoutCases } from "./timeout.ts";
import type { ContractCase } from "./types.ts";
import { limitCases, validationCases } from "./validation.ts";
import { hopCases, versionCases } from "./versions.ts";

/** Every case of the contract. Names are unique. */
export const contractCases: readonly ContractCase[] = [
  publishCases,
  startCases,
  identityCases,
  publishManyCases,
  publishEachCases,
  validationCases,
  limitCases,
  deliveryCases,
  emitCases,
  commitCases,
  conflictCases,
  tableCases,
  schemaCases,
  invariantCases,
  accessCases,
  stepCases,
  stepCrashCases,
  idempotencyKeyCases,
  timeoutCases,
  retryCases,
  deadLetterCases,
  redriveCases,
  discardCases,
  orderCases,
  redriveOrderCases,
  orderCrashCases,
  concurrencyCases,
  keyConcurrencyCases,
  tenantCases,
  delayCases,
  scheduleCases,
  missedTickCases,
  pauseCases,
  replayCases,
  idleCases,
  closeCases,
  graceCases,
  restartCases,
  crashCases,
  versionCases,
  hopCases,
  endpointCases,
  idempotencyCases,
  inspectCases,
  traceCases,
  sourceCases,
  pageCases,
  rowOrderCases,
  effectCases,
  journalCases,
  retentionCases,
  backpressureCases,
  ledgerCases,
  keyCases,
  nonceCases,
].flat();
