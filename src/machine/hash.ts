import { hash } from "node:crypto";

/** SHA-256 in base64. */
export const sha256 = (text: string): string => hash("sha256", text, "base64");

/** SHA-256 as bytes. */
export const sha256Bytes = (text: string): Buffer => hash("sha256", text, "buffer");
