import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWK, type JWTPayload } from "jose";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { jwtVerifier, type JwtOptions } from "./jwt.ts";

const now = Date.UTC(2026, 0, 1, 12);
const seconds = now / 1_000;
const clock = { now: () => now };
const good: JWTPayload = {
  iss: "https://id.example",
  aud: "shop",
  sub: "u-1",
  exp: seconds + 60,
  roles: ["viewer", "root"],
  events: "order.placed *",
  endpoints: "*",
};

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let first: Pair;
let second: Pair;
let jwks: { readonly keys: JWK[] };

beforeAll(async () => {
  [first, second] = [await generateKeyPair("ES256"), await generateKeyPair("ES256")];
  jwks = { keys: [{ ...(await exportJWK(first.publicKey)), kid: "one", alg: "ES256" }] };
});

const sign = (payload: JWTPayload, { key = first, kid = "one" } = {}) => new SignJWT(payload).setProtectedHeader({ alg: "ES256", kid }).sign(key.privateKey);
const options = (more: Partial<JwtOptions> = {}): JwtOptions => ({ issuer: "https://id.example", audience: "shop", keys: jwks, ...more });

describe("a token", () => {
  test("becomes a principal: known roles only, and `*` only where it stands alone", async () => {
    expect(await jwtVerifier(options(), clock).verify(await sign(good))).toEqual({
      id: "jwt:https://id.example|u-1",
      kind: "jwt",
      tenant: undefined,
      scope: { roles: ["viewer"], events: ["order.placed"], endpoints: "*" },
      credential: { number: 1, until: now + 60_000 },
    });
  });

  test.each<[string, JWTPayload]>([
    ["of another issuer", { ...good, iss: "https://other.example" }],
    ["for another audience", { ...good, aud: "bank" }],
    ["that is over", { ...good, exp: seconds }],
    ["that never ends", { ...good, exp: undefined as unknown as number }],
    ["that begins later", { ...good, nbf: seconds + 1 }],
    ["of nobody", { ...good, sub: undefined as unknown as string }],
  ])("%s is refused", async (_what, payload) => {
    const claims = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
    expect(await jwtVerifier(options(), clock).verify(await sign(claims))).toBeUndefined();
  });

  test("without a signature, with a shared secret, with another key, cut or no token at all is refused", async () => {
    const { verify } = jwtVerifier(options(), clock);
    const token = await sign(good);
    const shared = await new SignJWT(good).setProtectedHeader({ alg: "HS256", kid: "one" }).sign(new TextEncoder().encode(JSON.stringify(jwks.keys[0])));
    const bad = [new UnsecuredJWT(good).encode(), shared, await sign(good, { key: second }), token.slice(0, -2), `${token}.x`, "x.y.z", ""];
    for (const text of bad) expect(await verify(text)).toBeUndefined();
  });

  test("of an algorithm outside the list is refused, and a list that lets in a shared secret is no list", async () => {
    expect(await jwtVerifier(options({ algorithms: ["RS256"] }), clock).verify(await sign(good))).toBeUndefined();
    for (const algorithms of [["HS256"], ["none"], []]) {
      expect(() => jwtVerifier(options({ algorithms: algorithms as unknown as ["ES256"] }), clock)).toThrow(/must be some of/);
    }
  });

  test("without its tenant is refused where tenants are asked for", async () => {
    const { verify } = jwtVerifier(options({ tenantClaim: "org" }), clock);
    expect(await verify(await sign({ ...good, org: "acme" }))).toMatchObject({ tenant: "acme" });
    for (const org of [undefined, "", 7, ["acme"]]) expect(await verify(await sign({ ...good, ...(org === undefined ? {} : { org }) }))).toBeUndefined();
  });
});

describe("the issuer's keys", () => {
  test("are fetched once, and once more for a key that is new; nonsense does not make us fetch", async () => {
    let fetched = 0;
    let isDown = false;
    const fetch = async () => {
      fetched += 1;
      if (isDown) throw new TypeError("no route");
      return new Response(JSON.stringify(jwks), { headers: { "content-type": "application/json" } });
    };
    const { verify } = jwtVerifier(options({ keys: new URL("https://id.example/keys"), fetch }), clock);
    for (let times = 0; times < 5; times += 1) expect(await verify(await sign(good))).toBeDefined();
    for (let times = 0; times < 5; times += 1) expect(await verify(await sign(good, { key: second, kid: `made up ${String(times)}` }))).toBeUndefined();
    expect(fetched).toBe(1);
    isDown = true;
    const other = jwtVerifier(options({ keys: new URL("https://id.example/keys"), fetch }), clock);
    await expect(other.verify(await sign(good))).rejects.toMatchObject({ code: "UNAUTHENTICATED", retryAfter: 1_000 });
  });

  test("change to new ones without a restart: the new key's tokens are taken, the old key's refused once it has left", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now }); // the fetched keys' age is the machine's
    try {
      const published = { keys: [...jwks.keys] };
      let fetched = 0;
      const fetch = (): Promise<Response> => {
        fetched += 1;
        return Promise.resolve(new Response(JSON.stringify(published), { headers: { "content-type": "application/json" } }));
      };
      const { verify } = jwtVerifier(options({ keys: new URL("https://id.example/keys"), fetch }), clock);
      const old = await sign(good);
      const fresh = await sign(good, { key: second, kid: "two" });
      expect(await verify(old)).toBeDefined();
      expect(await verify(fresh)).toBeUndefined();

      published.keys = [...jwks.keys, { ...(await exportJWK(second.publicKey)), kid: "two", alg: "ES256" }];
      vi.advanceTimersByTime(31_000); // the least time between two fetches for unknown keys
      expect([await verify(fresh), await verify(old)]).toEqual([expect.anything(), expect.anything()]);
      expect(fetched).toBe(2);

      published.keys = published.keys.slice(1);
      vi.advanceTimersByTime(10 * 60_000 + 1_000); // the fetched keys are too old
      expect([await verify(fresh), await verify(old)]).toEqual([expect.anything(), undefined]);
      // The old key is unknown now, like any made up: it does not make us fetch each time.
      for (let times = 0; times < 20; times += 1)
        expect(await verify(times % 2 === 0 ? old : await sign(good, { key: first, kid: "made up" }))).toBeUndefined();
      expect(fetched).toBe(3);
    } finally {
      vi.useRealTimers();
    }
  });
});
