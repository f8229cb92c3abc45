import { createHash, hash } from "node:crypto";

/** SHA-256 in base64. `crypto.hash` is one call; it came with Node 20.12. */
export const sha256: (text: string) => string =
  typeof hash === "function" ? (text) => hash("sha256", text, "base64") : (text) => createHash("sha256").update(text).digest("base64");
