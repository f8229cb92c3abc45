/** The core's `Store` on DynamoDB. */
import type { Store } from "../../../core/ports.ts";
import { readRow, rowKeyOf } from "../items/rows.ts";
import { claimRequest, releaseRequest } from "./answers.ts";
import { createAppender } from "./append.ts";
import { commitAll, tableName } from "./commit.ts";
import { queryRows } from "./query.ts";
import { getItem } from "./read.ts";
import { readSteps, writeStep } from "./steps.ts";
import type { AwsDelivery, StoreContext } from "./types.ts";

export function createAwsStore(context: StoreContext): Store<AwsDelivery> {
  return {
    append: createAppender(context),
    async get(table, key) {
      const item = await getItem(context, tableName(context, table), rowKeyOf(key));
      return item === undefined ? undefined : readRow(item);
    },
    query: (table, query) => queryRows(context, table, query),
    steps: (delivery) => readSteps(context, delivery),
    saveStep: (delivery, name, result) => writeStep(context, delivery, name, result),
    claim: (request, claim) => claimRequest(context, request, claim),
    release: (request, claim) => releaseRequest(context, request, claim),
    commit: (commit) => commitAll(context, commit),
  };
}
