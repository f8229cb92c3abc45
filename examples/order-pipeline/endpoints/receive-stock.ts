import { defineEndpoint } from "pulsequeue";
import * as z from "zod";
import { stockChanged } from "../events.ts";
import { available, change, received } from "../stock.ts";
import { products, receipts, stock } from "../tables.ts";
import { refuse, refusal } from "./answers.ts";

/** For operators: books goods that came in. The receipt's id is the delivery note's, so that booking it twice adds it once. */
export const receiveStock = defineEndpoint("receive-stock", {
  method: "POST",
  path: "/stock/:sku/receipts",
  auth: "jwt",
  input: z.strictObject({ receiptId: z.string().min(1).max(64), quantity: z.int().min(1).max(1_000_000) }),
  output: z.union([z.strictObject({ sku: z.string(), onHand: z.int(), available: z.int() }), refusal]),
  reads: [products],
  writes: [stock, receipts],
  emits: [stockChanged],
  async handle({ params: { sku = "" }, input }, ctx) {
    if (sku === "" || (await ctx.tables.products.get(sku)) === undefined) return refuse(404, "product-unknown", "Offer the product first");
    const row = await ctx.tables.stock.get(sku);
    const booked = await ctx.tables.receipts.get({ sku, receiptId: input.receiptId });
    if (booked !== undefined && booked.quantity !== input.quantity) return refuse(409, "receipt-id-taken", "Another quantity was booked under this receipt");
    if (booked !== undefined && row !== undefined) return { body: { sku, onHand: row.onHand, available: available(row) } };
    const after = received(row, sku, input.quantity);
    ctx.tables.receipts.put({ sku, receiptId: input.receiptId, quantity: input.quantity, at: ctx.now() });
    ctx.tables.stock.put(after);
    ctx.emit(stockChanged, change(after, "received"));
    return { status: 201, body: { sku, onHand: after.onHand, available: available(after) } };
  },
});
