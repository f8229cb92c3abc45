import { defineEndpoint } from "pulsequeue";
import * as z from "zod";
import { currency, positiveAmount } from "../money.ts";
import { products, sku } from "../tables.ts";
import { refuse, refusal } from "./answers.ts";

/** For operators: offers a product, or changes its name and price. Orders that exist keep their price. */
export const setProduct = defineEndpoint("set-product", {
  method: "PUT",
  path: "/products/:sku",
  auth: "jwt",
  input: z.strictObject({ name: z.string().min(1).max(200), unitPrice: positiveAmount, currency }),
  output: z.union([z.strictObject({ sku }), refusal]),
  writes: [products],
  handle({ params, input }, ctx) {
    const key = sku.safeParse(params["sku"]);
    if (!key.success) return refuse(422, "sku-invalid", "This is not a SKU");
    ctx.tables.products.put({ sku: key.data, ...input });
    return { body: { sku: key.data } };
  },
});
