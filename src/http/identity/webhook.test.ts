import { Webhook } from "standardwebhooks";
import Stripe from "stripe";
import { describe, expect, test } from "vitest";
import { defineSecret, type WebhookSource } from "pulsequeue";
import { checkSignature } from "./webhook.ts";

const now = Date.UTC(2026, 0, 1, 12);
const body = '{"id":"evt_1","name":"Zoë"}';
const secret = defineSecret("hook");
const current = `whsec_${Buffer.from("the current secret of the sender").toString("base64")}`;
const former = `whsec_${Buffer.from("the former secret of the sender").toString("base64")}`;
const stripe = new Stripe("sk_test_nothing");

interface Signed {
  readonly key?: string;
  readonly id?: string;
  readonly at?: number;
  readonly text?: string;
}

/** Headers as the official packages make them. */
const headersOf: Readonly<Record<WebhookSource["scheme"], (signed?: Signed) => Record<string, string>>> = {
  standard: ({ key = current, id = "msg_1", at = now, text = body } = {}) => ({
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at / 1_000)),
    "webhook-signature": new Webhook(key).sign(id, new Date(at), text),
  }),
  stripe: ({ key = current, at = now, text = body } = {}) => ({
    "stripe-signature": stripe.webhooks.generateTestHeaderString({ payload: text, secret: key, timestamp: Math.floor(at / 1_000) }),
  }),
};

function receiver(scheme: WebhookSource["scheme"], value = `${current} ${former}`) {
  const spent = new Set<string>();
  const nonces = {
    spend: async (nonce: string) => {
      const isNew = !spent.has(nonce);
      spent.add(nonce);
      return isNew;
    },
  };
  return (headers: Record<string, string>, text = body, time = now, endpoint = "hook"): Promise<void> =>
    checkSignature(
      { secret: () => value, nonces, clock: { now: () => time } },
      { scheme, secret },
      { method: "POST", path: "/hook", headers: new Headers(headers), rawBody: Buffer.from(text), address: "192.0.2.1" },
      endpoint,
    );
}

const invalid = { code: "SIGNATURE_INVALID" };

describe.each(["standard", "stripe"] as const)("a signature of the %s scheme", (scheme) => {
  const sign = headersOf[scheme];

  test("is taken from the current and the former secret, and from no other", async () => {
    const receive = receiver(scheme);
    await receive(sign());
    await receive(sign({ key: former }), body, now, "other hook");
    await expect(receive(sign({ key: `whsec_${Buffer.from("somebody else's").toString("base64")}`, at: now - 1_000 }))).rejects.toMatchObject(invalid);
    await expect(receiver(scheme, "")(sign())).rejects.toMatchObject(invalid);
    await expect(receiver(scheme, "whsec_")(sign())).rejects.toMatchObject(invalid);
  });

  test("is over the bytes: another body, a space more, and no body are refused", async () => {
    const receive = receiver(scheme);
    for (const text of ['{"id":"evt_2","name":"Zoë"}', `${body} `, body.normalize("NFD"), ""])
      await expect(receive(sign(), text)).rejects.toMatchObject(invalid);
    await receive(sign());
  });

  test("is of the last and the next five minutes, to the second", async () => {
    const receive = receiver(scheme);
    await receive(sign({ at: now - 300_000 }));
    await receive(sign({ at: now + 300_000 }));
    await expect(receive(sign({ at: now - 301_000 }))).rejects.toMatchObject(invalid);
    await expect(receive(sign({ at: now + 301_000 }))).rejects.toMatchObject(invalid);
  });

  test("works once; the same delivery signed anew is taken", async () => {
    const receive = receiver(scheme);
    const headers = sign();
    await receive(headers);
    await expect(receive(headers)).rejects.toMatchObject(invalid);
    await expect(receive({ ...headers, "webhook-signature": `v1,AAAA ${headers["webhook-signature"] ?? ""}` })).rejects.toMatchObject(invalid);
    await receive(sign({ at: now + 1_000 }));
  });

  test("that is missing, cut, of an unknown version or without a time is refused", async () => {
    const receive = receiver(scheme);
    const good = sign();
    const name = scheme === "standard" ? "webhook-signature" : "stripe-signature";
    const text = good[name] ?? "";
    const bad = ["", text.slice(0, -3), text.replace("v1", "v0"), text.replace("v1", "v2"), text.replace(/t=\d+/, "t=1e9"), "t=,v1=", `t=1,${text}`];
    for (const signature of scheme === "stripe" ? bad : bad.slice(0, 4)) await expect(receive({ ...good, [name]: signature })).rejects.toMatchObject(invalid);
    await expect(receive({})).rejects.toMatchObject(invalid);
  });
});

test("a point in the id of the standard scheme cannot move the border between id and time", async () => {
  const headers = headersOf.standard({ id: "msg_1.5" });
  await expect(receiver("standard")(headers)).rejects.toMatchObject(invalid);
});
