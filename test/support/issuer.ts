/** An issuer of tokens that needs no network: the address of its keys holds the keys. */
import { exportJWK, generateKeyPair, SignJWT } from "jose";

export interface Issuer {
  /** What a deployment's infrastructure tells the functions behind the API. */
  readonly variables: Readonly<Record<string, string>>;
  /** A token of an operator who may call `endpoint`, for an hour. `claims`: what differs. */
  token(endpoint: string, claims?: Readonly<Record<string, unknown>>): Promise<string>;
}

const issuer = "https://id.example.com";
const audience = "orders";

/** `RS256` is what API Gateway takes too. */
export async function createIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const header = { alg: "RS256", kid: "one" };
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), ...header }] });
  return {
    variables: {
      PULSEQUEUE_JWT_ISSUER: issuer,
      PULSEQUEUE_JWT_AUDIENCE: audience,
      PULSEQUEUE_JWT_KEYS: `data:application/json,${encodeURIComponent(keys)}`,
    },
    token: async (endpoint, claims = {}) => {
      const now = Math.floor(Date.now() / 1_000);
      const payload = { iss: issuer, aud: audience, sub: "ada", iat: now, exp: now + 3_600, roles: ["publisher"], endpoints: endpoint, ...claims };
      return await new SignJWT(payload).setProtectedHeader(header).sign(privateKey);
    },
  };
}
