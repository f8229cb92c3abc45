/** The door: one application from a request to a response, for every engine. */
export type { Authenticator, Credentials } from "./authenticator.ts";
