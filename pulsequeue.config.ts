import { defineConfig } from "pulsequeue";

/** What commands in this repository work with, unless they are told otherwise: the reference application. */
export default defineConfig({ app: "examples/order-pipeline/app.ts", file: ".pulsequeue/orders.db" });
