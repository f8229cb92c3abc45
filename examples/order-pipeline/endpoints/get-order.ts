import { defineEndpoint } from "pulsequeue";
import { orders, payments } from "../tables.ts";
import { notFound, orderAnswer, viewOf } from "./answers.ts";

/** Shows an order to whoever placed it. */
export const getOrder = defineEndpoint("get-order", {
  method: "GET",
  path: "/orders/:id",
  auth: "api-key",
  output: orderAnswer,
  reads: [orders, payments],
  async handle({ params: { id = "" }, principal }, ctx) {
    const order = id === "" ? undefined : await ctx.tables.orders.get(id);
    if (order?.placedBy !== principal) return notFound();
    return { body: viewOf(order, await ctx.tables.payments.get(id)) };
  },
});
