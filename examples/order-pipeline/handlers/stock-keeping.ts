/** What the parts of `keep-stock` share: everything that its one declaration allows. */
import type { Context } from "pulsequeue";
import { holdExpiryDue, orderConfirmed, stockChanged, stockReleased, stockReserved } from "../events.ts";
import { reservations, stock } from "../tables.ts";
import { giveBackEmits, giveBackWrites } from "./give-back.ts";

export const keepingWrites = [...giveBackWrites, reservations, stock] as const;
export const keepingEmits = [...giveBackEmits, stockReserved, stockReleased, stockChanged, holdExpiryDue, orderConfirmed] as const;

export type KeepingContext = Context<readonly [], typeof keepingWrites, typeof keepingEmits>;
